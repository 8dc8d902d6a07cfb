from tests.support.control import Control


async def test_pages_newest_first(desk: Control) -> None:
    for id_ in ("a-cars", "b-cars", "c-cars"):
        await desk.add(id_)
    async with desk.client(trusted=True) as api:
        first = (await api.get("/v1/audit", params={"limit": 2})).json()
        assert [row["target"] for row in first["items"]] == ["c-cars", "b-cars"]
        rest = (await api.get("/v1/audit", params={"after": first["next"]})).json()
        assert [row["target"] for row in rest["items"]] == ["a-cars"]
        assert rest["next"] is None
        only = (await api.get("/v1/audit", params={"tenant": "b-cars"})).json()["items"]
        assert [(row["tenant"], row["action"], row["at"]) for row in only] == [
            ("b-cars", "tenant.create", "2026-03-14T15:09:26.000Z")
        ]
        assert (await api.get("/v1/audit", params={"after": "x"})).status_code == 422
