from contextlib import nullcontext

import pytest

from daemon.control.auth import ADMIN_SOCKET, Actor, check
from daemon.control.problems import Refusal
from tests.support.control import Control

VIEWER = Actor(id="v", name="v", role="viewer")
BOUND = Actor(id="b", name="b", role="admin", tenant="auto-sul")


async def test_strangers_learn_nothing(desk: Control) -> None:
    await desk.add()
    async with desk.client() as api:
        for path in ("/v1/tenants", "/v1/nothing", "/v1/tenants/auto-sul", "/v1"):
            answer = await api.get(path)
            assert answer.status_code == 401, path
            assert answer.headers["www-authenticate"].startswith("Bearer")
        for header in ("Bearer", "Bearer x", "Basic eDp5", "Bearer srd__x", "Bearer srd_é_x", "srd_a_b"):
            answer = await api.get("/v1/tenants", headers={"Authorization": header.encode()})
            assert answer.status_code == 401, header


async def test_a_token_of_the_right_id_and_wrong_secret_is_refused(desk: Control) -> None:
    id_, _ = await desk.new_token()
    async with desk.client(f"srd_{id_}_{'x' * 43}") as api:
        assert (await api.get("/v1/tenants")).status_code == 401


async def test_revocation_is_effective_at_once(desk: Control) -> None:
    id_, token = await desk.new_token()
    async with desk.client(token) as api, desk.client(trusted=True) as socket:
        assert (await api.get("/v1/tenants")).status_code == 200
        assert (await socket.delete(f"/v1/tokens/{id_}")).status_code == 204
        assert (await api.get("/v1/tenants")).status_code == 401


async def test_a_viewer_reads_and_nothing_else(desk: Control) -> None:
    await desk.add()
    async with desk.client(await desk.token("viewer")) as api:
        assert (await api.get("/v1/tenants/auto-sul")).status_code == 200
        for method, path in (
            ("POST", "/v1/tenants"),
            ("PATCH", "/v1/tenants/auto-sul"),
            ("DELETE", "/v1/tenants/auto-sul"),
            ("POST", "/v1/tenants/auto-sul/sandbox/messages"),
            ("PUT", "/v1/tenants/auto-sul/vehicles"),
            ("GET", "/v1/audit"),
            ("GET", "/v1/tokens"),
        ):
            assert (await api.request(method, path)).status_code == 403, (method, path)


async def test_a_bound_token_sees_its_tenant_alone(desk: Control) -> None:
    await desk.add("auto-sul")
    await desk.add("other")
    async with desk.client(await desk.token("admin", "auto-sul")) as api:
        assert [one["id"] for one in (await api.get("/v1/tenants")).json()["items"]] == ["auto-sul"]
        assert {one["tenant"] for one in (await api.get("/v1/tasks")).json()["items"]} == {"auto-sul"}
        assert {one["tenant"] for one in (await api.get("/v1/audit")).json()["items"]} == {"auto-sul"}
        assert (await api.patch("/v1/tenants/auto-sul", json={"name": "Sul"})).status_code == 200
        for method, path in (
            ("GET", "/v1/tenants/other"),
            ("GET", "/v1/tenants/unknown"),
            ("GET", "/v1/tenants/other/conversations"),
            ("POST", "/v1/tenants/other/sandbox/messages"),
            ("GET", "/v1/usage?tenant=other"),
            ("GET", "/v1/audit?tenant=other"),
            ("GET", "/v1/events?tenant=other"),
            ("POST", "/v1/tenants"),
            ("GET", "/v1/tokens"),
            ("POST", "/v1/tokens"),
            ("POST", "/v1/tenants/auto-sul/resume"),
            ("DELETE", "/v1/tenants/auto-sul"),
            ("GET", "/metrics"),
        ):
            assert (await api.request(method, path)).status_code == 403, (method, path)


async def test_the_admin_socket_needs_no_token(desk: Control) -> None:
    async with desk.client(trusted=True) as api:
        assert (await api.get("/v1/tokens")).status_code == 200


async def test_a_client_cannot_claim_to_be_trusted(desk: Control) -> None:
    async with desk.client() as api:
        answer = await api.get("/v1/tenants", headers={"showroomd.trusted": "1", "X-Showroomd-Trusted": "1"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("actor", "method", "reach", "admin_only", "tenant", "allowed"),
    [
        (ADMIN_SOCKET, "DELETE", "server", True, None, True),
        (VIEWER, "GET", "list", False, None, True),
        (VIEWER, "HEAD", "tenant", False, "x", True),
        (VIEWER, "GET", "list", True, None, False),
        (VIEWER, "POST", "tenant", False, "x", False),
        (BOUND, "POST", "tenant", False, "auto-sul", True),
        (BOUND, "POST", "tenant", False, "auto-su", False),
        (BOUND, "GET", "list", False, None, True),
        (BOUND, "GET", "server", False, "auto-sul", False),
    ],
)
def test_who_may_do_what(
    actor: Actor, method: str, reach: str, admin_only: bool, tenant: str | None, allowed: bool
) -> None:
    expected = nullcontext() if allowed else pytest.raises(Refusal)
    with expected as raised:
        check(actor, method=method, reach=reach, admin_only=admin_only, tenant=tenant)  # type: ignore[arg-type]
    assert raised is None or raised.value.problem.status == 403
