from tests.support.control import Control

LIST = "/v1/tenants/auto-sul/conversations"


async def test_the_shapes_of_the_contract(desk: Control) -> None:
    await desk.add()
    thread = await desk.say("oi")
    async with desk.client(await desk.token("viewer", "auto-sul")) as api:
        one = (await api.get(f"{LIST}/{thread}")).json()
        page = (await api.get(LIST)).json()
        messages = (await api.get(f"{LIST}/{thread}/messages")).json()
    assert page == {"items": [one], "next": None}
    assert one["contact"] == {
        "id": one["contact"]["id"],
        "name": "Maria",
        "aliases": [{"kind": "sandbox", "value": "maria"}],
    }
    assert {name: one[name] for name in one if name not in ("id", "contact")} == {
        "channel": "sandbox",
        "state": "assistant",
        "human_until": None,
        "opted_out": False,
        "waiting": True,
        "last_message_at": "2026-03-14T15:09:26.000Z",
    }
    message = messages["items"][0]
    assert {name: message[name] for name in message if name != "id"} == {
        "direction": "in",
        "author": "customer",
        "kind": "text",
        "text": "oi",
        "media_url": None,
        "transcript": None,
        "vehicle_id": None,
        "reply_to": None,
        "at": "2026-03-14T15:09:26.000Z",
        "state": "received",
        "error": None,
    }


async def test_filters_and_pages(desk: Control) -> None:
    await desk.add()
    threads = [await desk.say("oi", sender) for sender in ("ana", "bia", "caio")]
    async with desk.client(trusted=True) as api:
        await api.post(f"{LIST}/{threads[1]}/takeover")

        async def ids(query: str) -> list[str]:
            return [item["id"] for item in (await api.get(f"{LIST}?{query}")).json()["items"]]

        assert await ids("state=human") == [threads[1]]
        assert set(await ids("state=assistant")) == {threads[0], threads[2]}
        assert set(await ids("waiting=true")) == set(threads)
        assert await ids("waiting=false") == []
        first = (await api.get(f"{LIST}?limit=2")).json()
        second = (await api.get(LIST, params={"limit": 2, "after": first["next"]})).json()
        assert sorted(item["id"] for item in first["items"] + second["items"]) == sorted(threads)
        assert second["next"] is None
        contact = first["items"][0]["contact"]["id"]
        assert await ids(f"contact={contact}") == [first["items"][0]["id"]]


async def test_messages_are_paged_by_id_both_ways(desk: Control) -> None:
    await desk.add()
    for number in range(5):
        thread = await desk.say(f"m{number}")
    async with desk.client(trusted=True) as api:

        async def texts(**query: object) -> tuple[list[str], str | None, list[str]]:
            page = (await api.get(f"{LIST}/{thread}/messages", params=query)).json()  # type: ignore[arg-type]
            return [item["text"] for item in page["items"]], page["next"], [item["id"] for item in page["items"]]

        first, after, _ = await texts(limit=3)
        rest, more, ids = await texts(limit=3, after=after)
        assert (first + rest, more) == (["m0", "m1", "m2", "m3", "m4"], None)
        assert (await texts(after=ids[-1]))[0] == []
        assert (await texts(order="desc", limit=2))[0] == ["m4", "m3"]
        bad = await api.get(f"{LIST}/{thread}/messages", params={"after": "nonsense"})
        assert bad.status_code == 422


async def test_a_person_takes_over_writes_and_hands_back(desk: Control) -> None:
    await desk.add()
    thread = await desk.say("oi")
    async with desk.client(trusted=True) as api:
        taken = await api.post(f"{LIST}/{thread}/takeover", json={"minutes": 30})
        assert taken.json()["state"] == "human"
        assert taken.json()["human_until"] == "2026-03-14T15:39:26.000Z"
        written = await api.post(f"{LIST}/{thread}/messages", json={"text": "Oi, aqui é o Paulo!"})
        assert written.status_code == 201
        assert (written.json()["author"], written.json()["state"]) == ("human", "queued")
        back = await api.post(f"{LIST}/{thread}/release")
        assert (back.json()["state"], back.json()["human_until"]) == ("assistant", None)
        for path, body in (("takeover", {"minutes": 0}), ("takeover", {"minutes": "5"}), ("messages", {"text": " "})):
            assert (await api.post(f"{LIST}/{thread}/{path}", json=body)).status_code == 422
        too_long = await api.post(f"{LIST}/{thread}/messages", json={"text": "x" * 4097})
        assert too_long.json()["errors"][0]["path"] == "text"


async def test_what_is_not_there(desk: Control) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        for method, path in (
            ("GET", "/none"),
            ("GET", "/none/messages"),
            ("POST", "/none/takeover"),
            ("POST", "/none/release"),
        ):
            assert (await api.request(method, LIST + path)).status_code == 404, path
        assert (await api.post(f"{LIST}/none/messages", json={"text": "x"})).status_code == 404


async def test_media_urls(desk: Control) -> None:
    await desk.add()
    thread = await desk.say("foto")
    hash_ = "ab" * 32
    async with desk.client(trusted=True) as api:
        for content, url in (
            (
                f'{{"media": {{"id": "1", "url": "https://meta.example/secret", "hash": "{hash_}"}}}}',
                f"/v1/tenants/auto-sul/media/{hash_}",
            ),
            ('{"media": {"id": "1", "url": "https://meta.example/secret"}}', None),
            ('{"link": "https://fotos.example/1.jpg"}', "https://fotos.example/1.jpg"),
        ):
            await desk.tenancy.shard("auto-sul").write(
                lambda tx, content=content: tx.run("UPDATE messages SET content = ?", (content,))
            )
            item = (await api.get(f"{LIST}/{thread}/messages")).json()["items"][0]
            assert item["media_url"] == url
