"""Arguments in, exit code out: the parser, and where every error becomes one line."""

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from daemon import __version__
from daemon.cli import alert, backup, capacity, doctor, install, migrate, run, settings, stock, tenants, tokens
from daemon.errors import ConfigError, ShowroomError
from shards.errors import ShardError

FAILED: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 130

Explained = (ShowroomError, ShardError)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage in front."""

    def __init__(self, **keywords: Any) -> None:
        # a shortened option may be another than was meant: --access-token is not --access-token-file
        super().__init__(**keywords, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        print(f"showroomd: {message}; see `{self.prog} --help`", file=sys.stderr)
        raise SystemExit(USAGE)


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = _Parser(prog="showroomd", description="The WhatsApp sales desk of many car dealerships on one server.")
    top.add_argument("--version", action="version", version=f"showroomd {__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    for module in (run, settings, migrate, tokens, tenants, stock, backup, doctor, capacity, install, alert):
        module.register(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0 done, 1 failed, 2 bad arguments (and what `check-config` finds)."""
    arguments = parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return _reader_left()
    except Explained as error:
        return explained(error)
    except BaseExceptionGroup as group:  # nurseries wrap what ended them
        return _from_group(group)
    except OSError as error:
        if error.errno is None:
            raise
        where = f"{error.filename}: " if error.filename else ""
        print(f"showroomd: {where}{error.strerror}", file=sys.stderr)
        return FAILED


def explained(error: ShowroomError | ShardError) -> int:
    """Print the error, one line a fault; its exit code."""
    for line in error.faults if isinstance(error, ConfigError) else (str(error),):
        print(f"showroomd: {line}", file=sys.stderr)
    return FAILED


def _from_group(group: BaseExceptionGroup[BaseException]) -> int:
    if group.subgroup(KeyboardInterrupt) is not None:
        return INTERRUPTED
    known, unknown = group.split(lambda error: isinstance(error, (*Explained, BrokenPipeError)))
    if unknown is not None or known is None:
        raise group
    leaf: BaseException = known
    while isinstance(leaf, BaseExceptionGroup):
        leaf = leaf.exceptions[0]
    return explained(leaf) if isinstance(leaf, Explained) else _reader_left()


def _reader_left() -> int:
    # Python would write what is left in the buffer when it ends, and complain again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 128 + errno.EPIPE
