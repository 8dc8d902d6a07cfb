from tests.support.control import Control


async def test_the_application_needs_no_start(desk: Control) -> None:
    # No nursery, no start-up: several listeners may come and go round the one application.
    assert not hasattr(desk.app, "nursery")
    async with desk.client(trusted=True) as api:
        assert (await api.get("/v1/tenants")).json() == {"items": [], "next": None}


async def test_money_times_and_lists_look_alike_everywhere(desk: Control) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        for path in (
            "/v1/tenants",
            "/v1/tasks",
            "/v1/audit",
            "/v1/tokens",
            "/v1/usage",
            "/v1/tenants/auto-sul/tasks",
            "/v1/tenants/auto-sul/vehicles",
            "/v1/tenants/auto-sul/conversations",
            "/v1/tenants/auto-sul/contacts",
            "/v1/tenants/auto-sul/leads",
            "/v1/tenants/auto-sul/appointments",
            "/v1/tenants/auto-sul/sandbox/messages?from=x",
        ):
            answer = await api.get(path)
            assert answer.status_code == 200, path
            assert answer.headers["content-type"] == "application/json"
            assert {"items", "next"} <= set(answer.json()), path
