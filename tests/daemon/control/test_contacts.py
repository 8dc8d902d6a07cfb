from tests.support.control import Control

LIST = "/v1/tenants/auto-sul/contacts"


async def test_find_export_erase(desk: Control) -> None:
    await desk.add()
    await desk.say("oi", "maria")
    await desk.say("bom dia", "joao")
    async with desk.client(trusted=True) as api:
        page = (await api.get(LIST, params={"limit": 1})).json()
        rest = (await api.get(LIST, params={"after": page["next"]})).json()
        assert [item["name"] for item in page["items"] + rest["items"]] == ["Maria", "Joao"]
        found = (await api.get(LIST, params={"alias": "joao"})).json()["items"]
        assert [item["aliases"] for item in found] == [[{"kind": "sandbox", "value": "joao"}]]
        contact = found[0]["id"]
        export = await api.get(f"{LIST}/{contact}/export")
        assert "attachment" in export.headers["content-disposition"]
        out = export.json()
        assert out["tenant"] == "auto-sul"
        assert [message["text"] for message in out["threads"][0]["messages"]] == ["bom dia"]
        assert (await api.delete(f"{LIST}/{contact}")).status_code == 204
        assert (await api.delete(f"{LIST}/{contact}")).status_code == 404
        assert (await api.get(f"{LIST}/{contact}/export")).status_code == 404
        assert len((await api.get("/v1/tenants/auto-sul/conversations")).json()["items"]) == 1


async def test_an_export_has_every_message(desk: Control) -> None:
    await desk.add()
    await desk.say("oi")
    await desk.tenancy.shard("auto-sul").write(
        lambda tx: tx.connection.executemany(
            "INSERT INTO messages (id, conversation, direction, author, kind, text, at, stored_at, state)"
            " SELECT ?, seq, 'in', 'customer', 'text', ?, 0, 0, 'received' FROM conversations",
            [(f"id-{number}", str(number)) for number in range(1200)],
        )
    )
    async with desk.client(trusted=True) as api:
        contact = (await api.get(LIST)).json()["items"][0]["id"]
        out = (await api.get(f"{LIST}/{contact}/export")).json()
    assert len(out["threads"][0]["messages"]) == 1201
