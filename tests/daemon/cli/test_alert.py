import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from daemon.cli import alert, main
from daemon.cli.alert import failure, tell
from daemon.cli.common import CommandFailed

NOW = datetime(2026, 11, 22, 14, 0, 5, tzinfo=UTC)


def test_what_is_told() -> None:
    posted: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        posted.append(request)
        return httpx.Response(204)

    tell("https://hooks.example/secret", failure("showroomd", "srv1", "watchdog", NOW), httpx.MockTransport(answer))
    body = json.loads(posted[0].content)
    assert body["text"] == "showroomd on srv1 has failed (watchdog); `journalctl -u showroomd` says why"
    assert (body["unit"], body["host"], body["result"]) == ("showroomd", "srv1", "watchdog")
    assert body["at"] == "2026-11-22T14:00:05+00:00"


@pytest.mark.parametrize("address", ["https://hooks.example/secret", "no address", "http://[secret"])
def test_an_alert_that_cannot_be_posted_names_no_secret(address: str) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        return httpx.Response(403)

    with pytest.raises(CommandFailed, match="check alert_webhook_url") as caught:
        tell(address, failure("showroomd", "srv1", "signal", NOW), httpx.MockTransport(refuse))
    assert "secret" not in str(caught.value)


def test_without_an_address_the_journal_alone_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logs: object
) -> None:
    monkeypatch.setattr(alert.logs, "configure", lambda *_: None)
    monkeypatch.setattr(alert, "_result", lambda unit: "exit-code")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    logs.expect_error("unit_failed")  # type: ignore[attr-defined]
    assert main(["report-failure", "showroomd-backup"]) == 0
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert main(["report-failure", "showroomd-backup"]) == 0
    (tmp_path / alert.ADDRESS).write_text("\n")
    assert main(["report-failure", "showroomd-backup"]) == 0
    (tmp_path / alert.ADDRESS).write_text("nowhere\n")
    assert main(["report-failure", "showroomd-backup"]) == 1
