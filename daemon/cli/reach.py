"""What `doctor` asks the world: Meta, the AI vendors, the clock by their answers, and our own webhook from outside."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Final, Literal

import httpx
import trio
from attrs import frozen

from daemon.config import Config
from daemon.secrets import Secrets
from daemon.setting import Bind

TIMEOUT_SECONDS: Final = 10.0
CLOCK_SECONDS: Final = 30.0
"""Signatures, tokens and certificates bear more; the order of messages does not."""
WEBHOOK: Final = "/webhooks/whatsapp"
CHALLENGE: Final = "20071112"


@frozen
class Finding:
    """One thing looked at. `remedy` is "" when it is well."""

    state: Literal["good", "warning", "bad"]
    what: str
    remedy: str = ""


@frozen
class Peer:
    """Whom to ask, and what it means when there is no answer."""

    name: str
    url: str
    headers: Mapping[str, str]
    unreachable: Literal["warning", "bad"]
    key: str = ""  # the secret that it was shown


def peers(config: Config, secrets: Secrets) -> list[Peer]:
    """Meta, and the vendors whose keys are set."""
    found = [Peer("Meta", config.whatsapp.cloud.graph_url, {}, "bad")]
    anthropic, openai, elevenlabs = config.providers.anthropic, config.providers.openai, config.providers.elevenlabs
    if key := secrets.anthropic_api_key:
        url = f"{(anthropic.base_url or 'https://api.anthropic.com').rstrip('/')}/v1/models"
        headers = {"x-api-key": key, "anthropic-version": "2023-06-01"}
        found.append(Peer("Anthropic", url, headers, "warning", "ANTHROPIC_API_KEY"))
    if key := secrets.openai_api_key:
        url = f"{(openai.base_url or 'https://api.openai.com/v1').rstrip('/')}/models"
        found.append(Peer("OpenAI", url, {"Authorization": f"Bearer {key}"}, "warning", "OPENAI_API_KEY"))
    if key := secrets.elevenlabs_api_key:
        url = f"{(elevenlabs.base_url or 'https://api.elevenlabs.io').rstrip('/')}/v1/models"
        found.append(Peer("ElevenLabs", url, {"xi-api-key": key}, "warning", "ELEVENLABS_API_KEY"))
    return found


async def reached(
    config: Config,
    secrets: Secrets,
    now: Callable[[], datetime],
    transport: httpx.AsyncBaseTransport | None = None,
) -> list[Finding]:
    """Ask everybody at once; the findings in a fixed order. Takes at most `TIMEOUT_SECONDS`."""
    questions: list[Callable[[httpx.AsyncClient], Awaitable[list[Finding]]]] = [
        partial(_asked, peer=peer, now=now) for peer in peers(config, secrets)
    ]
    if config.http.public_url:
        questions.append(
            partial(_webhook, public_url=config.http.public_url, verify_token=secrets.whatsapp_verify_token)
        )
    answers: dict[int, list[Finding]] = {}

    async def one(index: int) -> None:
        answers[index] = await questions[index](client)

    async with (
        httpx.AsyncClient(timeout=TIMEOUT_SECONDS, transport=transport, trust_env=False) as client,
        trio.open_nursery() as nursery,
    ):
        for index in range(len(questions)):
            nursery.start_soon(one, index)
    return [finding for index in range(len(questions)) for finding in answers[index]]


async def webhook_reached(
    config: Config, secrets: Secrets, transport: httpx.AsyncBaseTransport | None = None
) -> list[Finding]:
    """Whether Meta could verify the webhook at `http.public_url`. Takes at most `TIMEOUT_SECONDS`."""
    async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, transport=transport, trust_env=False) as client:
        return await _webhook(client, config.http.public_url, secrets.whatsapp_verify_token)


async def entry(config: Config, transport: httpx.AsyncBaseTransport | None = None) -> list[Finding]:
    """How the webhook entry says it is, at `entry.status`. Takes at most `TIMEOUT_SECONDS`."""
    where = Bind.parse(config.entry.status)
    base_url = "http://showroomd" if where.path else f"http://{where}"
    transport = transport or httpx.AsyncHTTPTransport(uds=where.path or None)
    async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, transport=transport, base_url=base_url) as client:
        try:
            response = await client.get("/readyz")
            reasons = [str(reason) for reason in response.json()["reasons"]]
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            remedy = "start it: systemctl start showroomd-entry"
            return [Finding("bad", f"the webhook entry does not answer at {where}", remedy)]
    if response.is_success:
        found = [Finding("good", f"the webhook entry is ready, with {len(config.entry.cells)} cells")]
        return found + [Finding("warning", reason, "see its /healthz") for reason in reasons]
    return [Finding("bad", "the webhook entry is not ready", "; ".join(reasons))]


async def _asked(client: httpx.AsyncClient, peer: Peer, now: Callable[[], datetime]) -> list[Finding]:
    host = httpx.URL(peer.url).host
    try:
        response = await client.get(peer.url, headers=dict(peer.headers))
    except httpx.HTTPError as error:
        remedy = "check DNS, the route and the firewall for outgoing https"
        return [Finding(peer.unreachable, f"{peer.name} cannot be reached at {host} ({_why(error)})", remedy)]
    if peer.key and response.status_code in (401, 403):
        return [Finding("bad", f"{peer.name} refuses the key ({response.status_code})", f"set another {peer.key}")]
    found = [Finding("good", f"{peer.name} answers at {host}")]
    if peer.name == "Meta":
        found += clock(response.headers.get("date", ""), now())
    return found


def clock(date: str, now: datetime) -> list[Finding]:
    """Our clock against the Date header of somebody else's answer; nothing if that is none."""
    try:
        theirs = parsedate_to_datetime(date)
        ahead = (now - theirs).total_seconds()
    except (TypeError, ValueError):
        return []
    if abs(ahead) <= CLOCK_SECONDS:
        return [Finding("good", "the clock is right")]
    word = "ahead" if ahead > 0 else "behind"
    return [Finding("bad", f"the clock is {abs(ahead):.0f} seconds {word}", "timedatectl set-ntp true")]


async def _webhook(client: httpx.AsyncClient, public_url: str, verify_token: str) -> list[Finding]:
    """Play Meta's verification of the webhook. From this machine: a firewall further out is not seen."""
    url = f"{public_url.rstrip('/')}{WEBHOOK}"
    question = {"hub.mode": "subscribe", "hub.verify_token": verify_token, "hub.challenge": CHALLENGE}
    try:
        response = await client.get(url, params=question)
    except httpx.HTTPError as error:
        remedy = "check DNS, the certificate and the proxy; Meta must reach it from outside"
        return [Finding("bad", f"{url} cannot be reached from here ({_why(error)})", remedy)]
    if response.status_code == 200 and response.text.strip() == CHALLENGE:
        return [Finding("good", f"{url} answers Meta's question (asked from here)")]
    if response.status_code == 403 and not verify_token:
        remedy = "run doctor as root to have the verify token tried, too"
        return [Finding("warning", f"{url} answers, but the verify token is not known here", remedy)]
    remedy = f"let the proxy pass {WEBHOOK} on to showroomd unchanged"
    if response.status_code == 403:
        remedy = "give the service the same SHOWROOMD_WHATSAPP_VERIFY_TOKEN"
    return [Finding("bad", f"{url} answers {response.status_code}, not Meta's challenge", remedy)]


def _why(error: httpx.HTTPError) -> str:
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    return (str(cause) or type(error).__name__).replace("\n", " ")[:120]
