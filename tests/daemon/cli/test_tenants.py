import io
import json
from pathlib import Path

import pytest

from tests.daemon.cli.api import Api, api

__all__ = ["api"]

MADE = (201, {"id": "auto-sul", "state": "active", "reason": ""})


def test_add_from_options_sends_only_what_was_said(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.answers["POST /v1/tenants"] = MADE
    assert api.run("tenant", "add", "--id", "auto-sul", "--name", "Auto Sul") == 0
    assert api.body() == {"id": "auto-sul", "name": "Auto Sul"}
    assert capsys.readouterr().out == "auto-sul: active\n"


def test_options_win_over_the_file_and_the_token_comes_from_a_file(api: Api, tmp_path: Path) -> None:
    api.answers["POST /v1/tenants"] = MADE
    (tmp_path / "t.json").write_text(
        json.dumps({"id": "auto-sul", "name": "A", "channel": {"kind": "sandbox", "waba_id": "9"}, "phone": "+55"})
    )
    (tmp_path / "token").write_text("EAAG-secret\n")
    options = ("--channel", "cloud", "--phone-number-id", "1063", "--access-token-file", str(tmp_path / "token"))
    assert api.run("tenant", "add", "--file", str(tmp_path / "t.json"), "--name", "B", *options) == 0
    assert api.body() == {
        "id": "auto-sul",
        "name": "B",
        "phone": "+55",
        "channel": {"kind": "cloud", "waba_id": "9", "phone_number_id": "1063", "access_token": "EAAG-secret"},
    }


def test_the_token_can_come_from_stdin(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    api.answers["POST /v1/tenants"] = MADE
    monkeypatch.setattr("sys.stdin", io.StringIO("EAAG\n"))
    assert api.run("tenant", "add", "--id", "ab", "--name", "B", "--access-token-file", "-") == 0
    assert api.body()["channel"] == {"access_token": "EAAG"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--name", "x"), "has no id: give --id"),
        (("--file", "-", "--access-token-file", "-"), "stdin cannot hold both"),
        (("--file", "{tmp}/bad.json"), "is not JSON"),
        (("--file", "{tmp}/list.json"), "is not a JSON object"),
        (("--file", "{tmp}/latin.json"), "is not UTF-8"),
        (("--file", "{tmp}/none.json"), "No such file"),
    ],
)
def test_bad_input_is_explained(
    api: Api, tmp_path: Path, arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "latin.json").write_bytes(b'{"name": "Ve\xedculos"}')
    assert api.run("tenant", "add", *(argument.format(tmp=tmp_path) for argument in arguments)) == 1
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert api.calls == []


def test_faults_of_the_api_are_told(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    problem = {"detail": "the tenant is not valid", "errors": [{"path": "id", "detail": "is taken"}]}
    api.answers["POST /v1/tenants"] = (422, problem)
    assert api.run("tenant", "add", "--id", "ab", "--name", "B") == 1
    assert capsys.readouterr().err == "showroomd: the tenant is not valid; id: is taken\n"


def test_list_and_show(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.answers["GET /v1/tenants"] = {
        "items": [{"id": "ab", "name": "B", "state": "failed", "reason": "the disk is full"}],
        "next": None,
    }
    api.answers["GET /v1/tenants/ab"] = {"id": "ab", "channel": {"kind": "cloud"}}
    assert api.run("tenant", "list") == 0
    assert "ab  B     failed  the disk is full" in capsys.readouterr().out
    assert api.run("tenant", "list", "--json") == 0
    assert json.loads(capsys.readouterr().out)[0]["state"] == "failed"
    assert api.run("tenant", "show", "ab") == 0
    assert "  kind: cloud" in capsys.readouterr().out
    assert api.run("tenant", "show", "ab", "--json") == 0
    assert json.loads(capsys.readouterr().out)["id"] == "ab"


def test_suspend_and_resume(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.answers["POST /v1/tenants/ab/suspend"] = {"id": "ab", "state": "suspended", "reason": "unpaid"}
    api.answers["POST /v1/tenants/ab/resume"] = {"id": "ab", "state": "active", "reason": ""}
    assert api.run("tenant", "suspend", "ab", "--reason", "unpaid") == 0
    assert api.body() == {"reason": "unpaid"}
    assert api.run("tenant", "suspend", "ab") == 0
    assert api.body() == {}
    assert api.run("tenant", "resume", "ab") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "ab: active"
