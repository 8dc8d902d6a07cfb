import gzip

import orjson
import pytest

from tests.support.control import Control

STOCK = "/v1/tenants/auto-sul/vehicles"
CIVIC = {
    "id": "civic-1",
    "make": "Honda",
    "model": "Civic",
    "year_model": 2020,
    "price_centavos": 9_500_000,
    "transmission": "automatic",
    "body": "sedan",
    "fuel": "flex",
    "mileage_km": 40_000,
}
UNO = {"id": "uno/2", "make": "Fiat", "model": "Uno", "year_model": 2012, "price_centavos": 2_500_000}


async def test_a_bulk_import_keeps_the_good_rows(desk: Control) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        report = await api.put(STOCK, json=[CIVIC, UNO, {"id": "3", "make": "VW"}])
        assert report.status_code == 200, report.text
        out = report.json()
        assert (out["rows"], out["created"], out["refused"]) == (3, 2, 1)
        assert out["refusals"][0]["row"] == 3
        assert out["refusals"][0]["id"] == "3"
        assert out["refusals"][0]["reason"]
        page = (await api.get(STOCK)).json()
        assert sorted(item["id"] for item in page["items"]) == ["civic-1", "uno/2"]
        assert page["total"] == 2
        again = (await api.put(STOCK, json=[UNO])).json()
        assert (again["withdrawn"], again["unchanged"]) == (1, 1)
        assert (await api.get(f"{STOCK}/civic-1")).status_code == 404
        merged = (await api.put(STOCK, params={"mode": "merge"}, json=[CIVIC])).json()
        assert (merged["created"] + merged["updated"] + merged["unchanged"], merged["withdrawn"]) == (1, 0)
    assert desk.tenancy.stock_changes == ["auto-sul"] * 3


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", orjson.dumps([CIVIC])),
        ("application/x-ndjson", orjson.dumps(CIVIC) + b"\n"),
        ("text/csv", b"id,make,model,year,price\nx,Honda,Civic,2020,95000.00\n"),
        (
            "application/xml",
            b"<estoque><veiculo><id>x</id><marca>Honda</marca><modelo>Civic</modelo></veiculo></estoque>",
        ),
        ("application/gzip", gzip.compress(orjson.dumps([CIVIC]))),
        ("", orjson.dumps([CIVIC])),
    ],
)
async def test_stock_comes_in_many_forms(desk: Control, content_type: str, body: bytes) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        headers = {"Content-Type": content_type} if content_type else {}
        answer = await api.put(STOCK, content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["created"] == 1


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"[{", 422),
        ("application/json", b"", 422),
        ("image/png", b"x", 415),
        ("text/csv", b"\x1f\x8bbroken", 422),
    ],
)
async def test_files_that_cannot_be_read_change_nothing(
    desk: Control, content_type: str, body: bytes, status: int
) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        await api.put(STOCK, json=[CIVIC])
        answer = await api.put(STOCK, content=body, headers={"Content-Type": content_type})
        assert answer.status_code == status, answer.text
        assert (await api.get(f"{STOCK}/civic-1")).status_code == 200
        assert (await api.put(STOCK, params={"mode": "wipe"}, json=[])).status_code == 422


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=civic", ["civic-1"]),
        ("q=", ["civic-1", "uno/2"]),
        ("make=fiat", ["uno/2"]),
        ("make=fiat,honda", ["civic-1", "uno/2"]),
        ("max_price_centavos=3000000", ["uno/2"]),
        ("min_price_centavos=3000000", ["civic-1"]),
        ("min_year=2015", ["civic-1"]),
        ("max_year=2015", ["uno/2"]),
        ("max_mileage_km=50000", ["civic-1"]),
        ("transmission=automatic,cvt", ["civic-1"]),
        ("fuel=flex", ["civic-1"]),
        ("body=sedan", ["civic-1"]),
        ("status=sold", []),
        ("condition=used", ["civic-1", "uno/2"]),
        ("exclude=uno/2", ["civic-1"]),
        ("sort=price&limit=1", ["uno/2"]),
    ],
)
async def test_searching(desk: Control, query: str, found: list[str]) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        await api.put(STOCK, json=[CIVIC, UNO])
        answer = await api.get(f"{STOCK}?{query}")
    assert answer.status_code == 200, answer.text
    assert sorted(item["id"] for item in answer.json()["items"]) == found


@pytest.mark.parametrize("query", ["fuel=water", "min_year=12", "sort=luck", "after=%%", "doors=many", "limit=501"])
async def test_bad_searches(desk: Control, query: str) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        answer = await api.get(f"{STOCK}?{query}")
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["path"].startswith("query")


async def test_pages_of_a_search_meet_without_gap(desk: Control) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        await api.put(STOCK, json=[{**UNO, "id": f"u{number}"} for number in range(7)])
        seen, after = [], ""
        while after is not None:
            page = (await api.get(STOCK, params={"limit": 3, "after": after, "sort": "price"})).json()
            seen += [item["id"] for item in page["items"]]
            after = page["next"]
    assert sorted(seen) == [f"u{number}" for number in range(7)]


async def test_one_vehicle(desk: Control) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        path = f"{STOCK}/uno/2"
        body = {
            "make": "Fiat",
            "model": "Uno",
            "price_centavos": 2_500_000,
            "fuel": "Flex",
            "transmission": "Câmbio manual",
        }
        made = await api.put(path, json=body)
        assert made.status_code == 201, made.text
        assert made.json()["fuel"] == "flex"
        assert made.json() == (await api.get(path)).json()
        assert (await api.put(path, json={**body, "price_centavos": 2_400_000})).status_code == 200
        assert (await api.get(path)).json()["price_centavos"] == 2_400_000
        assert (await api.delete(path)).status_code == 204
        assert (await api.delete(path)).status_code == 404
        assert (await api.get(path)).status_code == 404
    assert desk.tenancy.stock_changes == ["auto-sul"] * 3


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"model": "Uno"}, "make"),
        ({"make": "Fiat", "model": "Uno", "price_centavos": "25000"}, "price_centavos"),
        ({"make": "Fiat", "model": "Uno", "price_centavos": -1}, "price_centavos"),
        ({"make": "Fiat", "model": "Uno", "id": "other"}, "id"),
        ({"make": "Fiat", "model": "Uno", "wheels": 4}, "wheels"),
        ({"make": "Fiat", "model": "Uno", "photos": ["file:///etc/passwd"]}, "photos[0]"),
        ({"make": "Fiat", "model": "Uno", "status": "gone"}, "status"),
        ({"make": "Fiat", "model": "Uno", "updated_at": "yesterday"}, "updated_at"),
    ],
)
async def test_a_bad_vehicle_is_refused_with_its_field(desk: Control, body: dict[str, object], path: str) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        answer = await api.put(f"{STOCK}/uno", json=body)
    assert answer.status_code == 422, answer.text
    assert [error["path"] for error in answer.json()["errors"]] == [path]
