from datetime import UTC, datetime

from daemon.providers.roster import ProviderReport
from tests.support.control import Control

CATALOGUE = {"name": "catalogue", "state": "ready", "reason": "", "retry_at": None}


def report(name: str, state: str = "closed", reason: str = "", retry_at: datetime | None = None) -> ProviderReport:
    return ProviderReport(
        name=name,
        state=state,  # type: ignore[arg-type]
        reason=reason,
        retry_at=retry_at,
        running=3,
        waiting=0,
        limit=1024,
    )


async def test_without_a_key_the_catalogue_answers(desk: Control) -> None:
    async with desk.client(trusted=True) as api:
        assert (await api.get("/v1/providers")).json() == {"items": [CATALOGUE], "next": None}


async def test_vendors_and_how_they_do(desk: Control) -> None:
    soon = datetime(2026, 3, 14, 15, 10, tzinfo=UTC)
    desk.vendors += [report("anthropic", "open", "left alone after failures", soon), report("openai", "half_open")]
    async with desk.client(trusted=True) as api:
        claude, gpt, catalogue = (await api.get("/v1/providers")).json()["items"]
    assert claude == {
        "name": "anthropic",
        "state": "resting",
        "reason": "left alone after failures",
        "retry_at": "2026-03-14T15:10:00.000Z",
    }
    assert (gpt["state"], catalogue) == ("trying", CATALOGUE)


async def test_any_token_may_read_it_and_strangers_may_not(desk: Control) -> None:
    await desk.add()
    async with desk.client(await desk.token("viewer", "auto-sul")) as api:
        assert (await api.get("/v1/providers")).status_code == 200
    async with desk.client() as api:
        assert (await api.get("/v1/providers")).status_code == 401
