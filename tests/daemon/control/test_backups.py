from tests.support.control import Control


async def test_copies_and_sets(desk: Control) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        assert (await api.post("/v1/copies")).json()["copied"] == 2
        made = await api.post("/v1/backups", json={"tenant": "auto-sul"})
        assert (made.status_code, made.json()["state"], made.json()["tenant"]) == (201, "running", "auto-sul")
        id_ = made.json()["id"]
        assert (await api.post("/v1/backups", json={"tenant": "nobody"})).status_code == 404
        listed = (await api.get("/v1/backups")).json()
        assert ([one["id"] for one in listed["items"]], listed["next"]) == ([id_], None)
        assert (await api.get(f"/v1/backups/{id_}")).json()["backup"]["state"] == "done"
        assert (await api.delete(f"/v1/backups/{id_}")).status_code == 204
        assert (await api.get(f"/v1/backups/{id_}")).status_code == 404


async def test_a_restore_says_what_it_did_and_is_recorded(desk: Control) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        path = "/v1/tenants/auto-sul/restore"
        done = await api.post(path, json={"file": "copies/shards/auto-sul.db"}, headers={"Idempotency-Key": "k"})
        assert done.status_code == 200
        assert done.json()["lost"]["messages"][0]["network_id"] == "wamid.9"
        again = await api.post(path, json={"file": "copies/shards/auto-sul.db"}, headers={"Idempotency-Key": "k"})
        assert (again.json(), again.headers["Idempotency-Replayed"]) == (done.json(), "true")
        assert desk.backups.asked == [("auto-sul", "/data/copies/shards/auto-sul.db")]
        for body in ({}, {"backup": "x", "file": "y"}):
            assert (await api.post(path, json=body)).status_code == 422
        [entry] = (await api.get("/v1/audit?tenant=auto-sul&limit=1")).json()["items"]
        assert entry["action"] == "tenant.restore"
        assert entry["detail"]["from"] == "copies/shards/auto-sul.db"
        assert (entry["detail"]["erased"], entry["detail"]["lost_received"]) == (4, 1)
        assert "wamid" not in str(entry)


async def test_adopting_and_reconciling(desk: Control) -> None:
    async with desk.client(trusted=True) as api:
        assert (await api.post("/v1/adoptions", json={"file": "incoming/a.db"})).status_code == 201
        assert (await api.post("/v1/adoptions", json={"file": "incoming/taken.db"})).status_code == 409
        assert (await api.post("/v1/adoptions", json={})).status_code == 422
        [line] = (await api.get("/v1/reconcile?tenant=auto-sul")).json()["items"]
        assert line["only_central"][0]["epoch"] == "e-1"


async def test_only_an_admin_of_the_whole_server_may(desk: Control) -> None:
    await desk.add()
    calls = (
        ("POST", "/v1/copies"),
        ("POST", "/v1/backups"),
        ("GET", "/v1/backups"),
        ("GET", "/v1/backups/x"),
        ("DELETE", "/v1/backups/x"),
        ("POST", "/v1/tenants/auto-sul/restore"),
        ("POST", "/v1/adoptions"),
        ("GET", "/v1/reconcile"),
    )
    for role, tenant in (("viewer", None), ("admin", "auto-sul")):
        async with desk.client(await desk.token(role, tenant)) as api:
            for method, path in calls:
                assert (await api.request(method, path, json={})).status_code == 403, (role, path)
    assert desk.backups.asked == []
