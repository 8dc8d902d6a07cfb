from datetime import UTC, datetime, timedelta

import httpx
import pytest

from daemon.cli.reach import CHALLENGE, Finding, clock, entry, peers, reached, webhook_reached
from daemon.config import Config, parse
from daemon.secrets import Secrets

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
DATE = "Sun, 22 Nov 2026 14:00:05 GMT"
SECRETS = Secrets(anthropic_api_key="a", openai_api_key="o", elevenlabs_api_key="e", whatsapp_verify_token="verify")
PUBLIC = parse('[http]\npublic_url = "https://zap.example/"')


async def found(answer: object, config: Config = PUBLIC, secrets: Secrets = SECRETS) -> list[Finding]:
    return await reached(config, secrets, lambda: NOW, httpx.MockTransport(answer))  # type: ignore[arg-type]


async def test_all_is_well() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if request.url.host == "zap.example":
            return httpx.Response(200, text=request.url.params["hub.challenge"])
        return httpx.Response(404 if request.url.host == "graph.facebook.com" else 200, headers={"Date": DATE})

    findings = await found(answer)
    assert [finding.state for finding in findings] == ["good"] * 6
    assert findings[0].what == "Meta answers at graph.facebook.com"
    assert findings[1].what == "the clock is right"
    assert findings[-1].what == "https://zap.example/webhooks/whatsapp answers Meta's question (asked from here)"
    assert {request.url.host: request.headers.get("authorization") for request in asked}["api.openai.com"] == "Bearer o"


async def test_nobody_can_be_reached() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route to host")

    findings = await found(answer)
    assert [finding.state for finding in findings] == ["bad", "warning", "warning", "warning", "bad"]
    assert all("no route to host" in finding.what and finding.remedy for finding in findings)


async def test_a_key_that_is_refused_is_named_and_not_shown() -> None:
    findings = await found(lambda request: httpx.Response(401, headers={"Date": DATE}), Config())
    assert [finding.state for finding in findings] == ["good", "good", "bad", "bad", "bad"]
    assert findings[2] == Finding("bad", "Anthropic refuses the key (401)", "set another ANTHROPIC_API_KEY")


@pytest.mark.parametrize(
    ("status", "body", "token", "state", "remedy"),
    [
        (200, CHALLENGE, "verify", "good", ""),
        (403, "", "verify", "bad", "the same SHOWROOMD_WHATSAPP_VERIFY_TOKEN"),
        (403, "", "", "warning", "run doctor as root"),
        (200, "<html>welcome</html>", "verify", "bad", "let the proxy pass"),
        (502, "", "", "bad", "let the proxy pass"),
    ],
)
async def test_the_webhook_s_answer(status: int, body: str, token: str, state: str, remedy: str) -> None:
    secrets = Secrets(whatsapp_verify_token=token)
    finding = (await found(lambda request: httpx.Response(status, text=body), PUBLIC, secrets))[-1]
    assert finding.state == state
    assert remedy in finding.remedy


@pytest.mark.parametrize(
    ("seconds", "what"),
    [(0, "right"), (29, "right"), (31, "31 seconds ahead"), (-4000, "4000 seconds behind")],
)
def test_the_clock(seconds: int, what: str) -> None:
    (finding,) = clock("Sun, 22 Nov 2026 14:00:00 GMT", NOW + timedelta(seconds=seconds))
    assert what in finding.what
    assert (finding.state == "good") == (what == "right")


@pytest.mark.parametrize("date", ["", "yesterday", "Sun, 22 Nov 2026 14:00:00"])
def test_a_date_that_is_none_says_nothing(date: str) -> None:
    assert clock(date, NOW) == []


def test_only_vendors_with_a_key_are_asked_at_the_address_that_is_set() -> None:
    assert [peer.name for peer in peers(Config(), Secrets())] == ["Meta"]
    config = parse('[providers.openai]\nbase_url = "http://127.0.0.1:11434/v1/"')
    assert peers(config, Secrets(openai_api_key="x"))[1].url == "http://127.0.0.1:11434/v1/models"


ENTRY = parse('[http]\npublic_url = "https://zap.example"\n[entry]\ncells = ["/run/a.sock", "/run/b.sock"]')


@pytest.mark.parametrize(
    ("response", "states", "what"),
    [
        (httpx.Response(200, json={"status": "ready", "reasons": []}), ["good"], "with 2 cells"),
        (httpx.Response(200, json={"status": "degraded", "reasons": ["a is away"]}), ["good", "warning"], "a is away"),
        (httpx.Response(503, json={"status": "not ready", "reasons": ["not asked"]}), ["bad"], "is not ready"),
        (httpx.Response(200, text="hello"), ["bad"], "does not answer at 127.0.0.1:8419"),
    ],
)
async def test_the_entry_says_how_it_is(response: httpx.Response, states: list[str], what: str) -> None:
    findings = await entry(ENTRY, httpx.MockTransport(lambda request: response))
    assert [finding.state for finding in findings] == states
    assert what in findings[-1].what


async def test_the_webhook_of_the_entry_is_asked_alone() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=request.url.params["hub.challenge"])

    [finding] = await webhook_reached(ENTRY, SECRETS, httpx.MockTransport(answer))
    assert finding.state == "good"
