"""`check-config` and `sample-config`."""

import argparse
import os
import sys

from daemon import config as configuration
from daemon.cli.common import Commands, add_config, add_json, print_json
from daemon.errors import ConfigError
from daemon.secrets import load_secrets


def register(commands: Commands) -> None:
    """Add the commands."""
    check = commands.add_parser(
        "check-config",
        help="say everything that is wrong with the settings",
        description="Checks the file and the secrets that are set, without starting. Exit 2 on any fault.",
    )
    add_config(check)
    add_json(check)
    check.set_defaults(run=_check)
    sample = commands.add_parser(
        "sample-config", help="print a file with every setting", description="Every setting with its default."
    )
    sample.set_defaults(run=_sample)


def _check(arguments: argparse.Namespace) -> int:
    faults: list[str] = []
    for check in (lambda: configuration.load(arguments.config), lambda: load_secrets(os.environ)):
        try:
            check()
        except ConfigError as error:
            faults += error.faults
    if arguments.json:
        print_json({"ok": not faults, "faults": faults})
        return 2 if faults else 0
    for fault in faults:
        print(f"showroomd: {fault}", file=sys.stderr)
    if faults:
        return 2
    print(f"{arguments.config}: good")
    return 0


def _sample(arguments: argparse.Namespace) -> int:
    print(configuration.sample_config(), end="")
    return 0
