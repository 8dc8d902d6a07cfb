from tests.support.control import Control


async def test_a_token_is_shown_once(desk: Control) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        made = (await api.post("/v1/tokens", json={"name": "crm", "role": "viewer", "tenant": "auto-sul"})).json()
        assert made["token"].startswith(f"srd_{made['id']}_")
        listed = await api.get("/v1/tokens")
        assert "token" not in listed.json()["items"][0]
        assert made["token"].split("_", 2)[2] not in listed.text
        async with desk.client(made["token"]) as crm:
            assert (await crm.get("/v1/tenants/auto-sul")).status_code == 200
        assert (await api.delete(f"/v1/tokens/{made['id']}")).status_code == 204
        assert (await api.get("/v1/tokens")).json()["items"][0]["revoked_at"] == "2026-03-14T15:09:26.000Z"
        assert (await api.delete("/v1/tokens/none")).status_code == 404


async def test_bad_tokens(desk: Control) -> None:
    async with desk.client(trusted=True) as api:
        for body, path in (
            ({"name": "x", "role": "king"}, "role"),
            ({"role": "admin"}, "name"),
            ({"name": "", "role": "admin"}, "name"),
            ({"name": "x", "role": "admin", "tenant": "none"}, "tenant"),
            ({"name": "x", "role": "admin", "tenant": "No"}, "tenant"),
        ):
            answer = await api.post("/v1/tokens", json=body)
            assert answer.status_code == 422, body
            assert [error["path"] for error in answer.json()["errors"]] == [path]


async def test_no_secret_is_on_disk(desk: Control) -> None:
    async with desk.client(trusted=True) as api:
        headers = {"Idempotency-Key": "k"}
        made = await api.post("/v1/tokens", json={"name": "x", "role": "admin"}, headers=headers)
    secret = made.json()["token"].split("_", 2)[2].encode()
    for path in desk.central.path.parent.glob("central.db*"):
        assert secret not in path.read_bytes()
