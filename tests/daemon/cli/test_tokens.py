import json

import pytest

from tests.daemon.cli.api import Api, api

__all__ = ["api"]

TOKEN = {"id": "t1", "name": "ana", "role": "admin", "tenant": None, "created_at": "2026-01-01T00:00:00Z"}


def test_create_prints_the_token_alone(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.answers["POST /v1/tokens"] = (201, {**TOKEN, "token": "shr_abc"})
    assert api.run("token", "create", "--name", "ana", "--role", "admin") == 0
    assert capsys.readouterr().out == "shr_abc\n"
    assert api.body() == {"name": "ana", "role": "admin"}
    assert api.run("token", "create", "--name", "x", "--role", "viewer", "--tenant", "auto-sul") == 0
    assert api.body() == {"name": "x", "role": "viewer", "tenant": "auto-sul"}


def test_list_shows_no_value(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.answers["GET /v1/tokens"] = {"items": [{**TOKEN, "revoked_at": None}], "next": None}
    assert api.run("token", "list") == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].split() == ["id", "name", "role", "tenant", "created_at", "revoked_at"]
    assert out[1].split() == ["t1", "ana", "admin", "2026-01-01T00:00:00Z"]
    assert api.run("token", "list", "--json") == 0
    assert json.loads(capsys.readouterr().out)[0]["id"] == "t1"


def test_revoke(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.answers["DELETE /v1/tokens/t1"] = None
    assert api.run("token", "revoke", "t1") == 0
    assert api.run("token", "revoke", "t2") == 1
    assert capsys.readouterr().err == "showroomd: there is no such thing\n"
