"""The command `showroomd`."""

from daemon.cli.entry import main

__all__ = ["main"]
