import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daemon.cli import entry, main
from daemon.errors import AlreadyRunning, ConfigError
from shards.errors import NotFound


def run(*arguments: str) -> tuple[int, str]:
    done = subprocess.run([sys.executable, "-m", "daemon", *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr + done.stdout


def test_help_is_everywhere() -> None:
    code, text = run("--help")
    assert code == 0
    for command in ("serve", "demo", "check-config", "sample-config", "migrate", "token", "tenant", "stock", "doctor"):
        assert f"\n    {command}" in text


def test_bad_arguments_are_one_line_with_the_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["token", "create", "--name", "x"])
    assert caught.value.code == 2
    err = capsys.readouterr().err
    assert err == "showroomd: the following arguments are required: --role; see `showroomd token create --help`\n"


def _raising(error: BaseException) -> Callable[[Any], int]:
    def run(_: Any) -> int:
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (AlreadyRunning("another one runs", "stop it"), 1, "showroomd: another one runs: stop it\n"),
        (NotFound("there is no tenant x"), 1, "showroomd: there is no tenant x\n"),
        (ConfigError(("a: bad", "b: worse")), 1, "showroomd: a: bad\nshowroomd: b: worse\n"),
        (ExceptionGroup("n", [ExceptionGroup("m", [NotFound("gone")])]), 1, "showroomd: gone\n"),
        (BaseExceptionGroup("n", [KeyboardInterrupt(), NotFound("gone")]), 130, ""),
        (KeyboardInterrupt(), 130, ""),
        (
            FileNotFoundError(2, "No such file or directory", "x.csv"),
            1,
            "showroomd: x.csv: No such file or directory\n",
        ),
    ],
)
def test_errors_become_lines(
    error: BaseException,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("daemon.cli.settings.configuration.sample_config", lambda: _raising(error)(None))
    assert main(["sample-config"]) == code
    assert capsys.readouterr().err == said


@pytest.mark.parametrize("error", [RuntimeError("a bug"), ExceptionGroup("n", [RuntimeError("a bug")])])
def test_a_bug_is_not_hidden(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.cli.settings.configuration.sample_config", lambda: _raising(error)(None))
    with pytest.raises(type(error)):
        main(["sample-config"])


def test_a_reader_that_leaves_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as out:
        done = subprocess.run(
            [sys.executable, "-m", "daemon", "sample-config"], stdout=out, stderr=subprocess.PIPE, check=False
        )
    assert done.stderr == b""
    assert done.returncode == 128 + 32


def test_the_parser_knows_every_commands_function() -> None:
    arguments = entry.parser().parse_args(["stock", "import", "auto-sul", "x.csv"])
    assert (arguments.tenant, arguments.file, arguments.mode) == ("auto-sul", "x.csv", "replace")
    assert Path(arguments.config).name == "showroomd.toml"
