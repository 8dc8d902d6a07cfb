"""`serve`, `entry` and `demo`: what runs until it is told to stop."""

import argparse
import faulthandler
import os
from functools import partial
from pathlib import Path

import trio

from daemon import config as configuration
from daemon import logs
from daemon.cli.common import Commands, add_config
from daemon.config import Config
from daemon.errors import ConfigError
from daemon.secrets import Secrets, load_secrets
from shards.memory import map_large_blocks

DEMO_PORT = 8420


def register(commands: Commands) -> None:
    """Add the commands."""
    serve = commands.add_parser("serve", help="run the daemon", description="Run until SIGTERM or Ctrl-C.")
    add_config(serve)
    serve.set_defaults(run=_serve)
    entry = commands.add_parser(
        "entry",
        help="run the webhook entry in front of several cells",
        description="Run until SIGTERM or Ctrl-C: takes Meta's webhooks and hands each to the cells (entry.cells) that"
        " own its numbers, each of them a `showroomd serve`.",
    )
    add_config(entry)
    entry.set_defaults(run=_entry)
    demo = commands.add_parser(
        "demo",
        help="three invented dealerships and a phone to write to them",
        description="A daemon of its own with three invented dealerships and one page; keeps nothing. Uses"
        " ANTHROPIC_API_KEY or OPENAI_API_KEY if they are set.",
    )
    demo.add_argument("--port", type=_port, default=DEMO_PORT, metavar="N", help="default: %(default)s; 0: any")
    demo.add_argument("--no-browser", action="store_true", help="only print the address")
    demo.set_defaults(run=_demo)


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port")
    return int(text)


def _serve(arguments: argparse.Namespace) -> int:
    config, secrets = _prepared(arguments, master_key=True)
    os.umask(0o077)  # customers' messages are nobody else's to read
    map_large_blocks()
    from daemon.main import serve  # late: the other commands start quicker without it

    path = Path(arguments.config).absolute()
    trio.run(partial(serve, config, secrets, reread=partial(configuration.load, path)))
    return 0


def _entry(arguments: argparse.Namespace) -> int:
    config, secrets = _prepared(arguments, master_key=False)
    if not config.entry.cells:
        raise ConfigError(("entry.cells: is empty; name the entry socket of each cell",))
    from daemon.entry.serving import serve  # late: only this command needs it

    trio.run(serve, config, secrets)
    return 0


def _prepared(arguments: argparse.Namespace, *, master_key: bool) -> tuple[Config, Secrets]:
    """Settings and secrets of a process that runs on, with its logs set up. Raises `ConfigError` with every fault."""
    faults: tuple[str, ...] = ()
    config, secrets = Config(), Secrets()
    try:
        config = configuration.load(arguments.config)
    except ConfigError as error:
        faults = error.faults
    try:
        secrets = load_secrets(os.environ)
        if master_key:
            secrets.required_master_key()
        level = logs.level_of(os.environ, config.daemon.log_level)
    except ConfigError as error:
        faults += error.faults
    if faults:
        raise ConfigError(faults)
    logs.configure(config.daemon.log_format, level)
    faulthandler.enable()  # the watchdog's SIGABRT then leaves every thread's stack in the journal
    return config, secrets


def _demo(arguments: argparse.Namespace) -> int:
    from daemon.emulator import demo  # late: only the demo needs the emulator

    return demo.run(arguments.port, not arguments.no_browser)
