import csv
import io

import pytest

from daemon.control.leads import to_csv, wants_csv
from daemon.control.shapes import LeadOut
from shards.shard import Tx
from tests.support.control import Control
from tests.support.tenancy import now


def fill(tx: Tx) -> None:
    for number in range(3):
        tx.run(
            "INSERT INTO leads (id, contact, conversation, interest, budget_centavos, created_at, changed_at)"
            " SELECT ?, contact, seq, ?, 9000000, 1000, 2000 FROM conversations",
            (f"lead-{number}", f"Civic {number}"),
        )
    tx.run(
        "INSERT INTO appointments (id, contact, conversation, vehicle, wish, created_at)"
        " SELECT 'visit-1', contact, seq, 'civic-1', 'sábado de manhã', 1000 FROM conversations"
    )


async def test_as_json_and_as_a_table(desk: Control) -> None:
    await desk.add()
    await desk.say("oi")
    await desk.tenancy.shard("auto-sul").write(fill)
    async with desk.client(trusted=True) as api:
        page = (await api.get("/v1/tenants/auto-sul/leads", params={"limit": 2})).json()
        assert [item["interest"] for item in page["items"]] == ["Civic 2", "Civic 1"]
        assert page["items"][0]["contact_name"] == "Maria"
        rest = (await api.get("/v1/tenants/auto-sul/leads", params={"after": page["next"]})).json()
        assert [item["id"] for item in rest["items"]] == ["lead-0"]
        visit = (await api.get("/v1/tenants/auto-sul/appointments")).json()["items"][0]
        assert (visit["wish"], visit["starts_at"], visit["state"]) == ("sábado de manhã", None, "asked")
        for kwargs in ({"params": {"format": "csv"}}, {"headers": {"Accept": "text/csv"}}):
            table = await api.get("/v1/tenants/auto-sul/leads", **kwargs)  # type: ignore[arg-type]
            assert table.headers["content-type"] == "text/csv; charset=utf-8"
            rows = list(csv.DictReader(io.StringIO(table.text)))
            assert [row["budget_centavos"] for row in rows] == ["9000000"] * 3
        assert (await api.get("/v1/tenants/auto-sul/leads", params={"format": "pdf"})).status_code == 422


@pytest.mark.parametrize(
    ("asked", "accept", "csv_wanted"),
    [
        ("", "", False),
        ("", "*/*", False),
        ("", "text/csv", True),
        ("", "text/csv;q=0.9, application/json", True),
        ("", "application/json, text/csv", False),
        ("json", "text/csv", False),
        ("csv", "application/json", True),
    ],
)
def test_who_gets_a_table(asked: str, accept: str, csv_wanted: bool) -> None:
    assert wants_csv(asked, accept) is csv_wanted


def test_no_cell_is_a_formula() -> None:
    lead = LeadOut(
        id="1", contact_id="c", contact_name="=HYPERLINK(1)", contact_phone="+55", conversation_id="v",
        interest="-1", vehicle_id=None, trade_in='a "b", c', budget_centavos=None, source="@x",
        created_at=now(), changed_at=now(),
    )  # fmt: skip
    row = next(csv.DictReader(io.StringIO(to_csv([lead], LeadOut).decode())))
    assert (row["contact_name"], row["contact_phone"], row["interest"]) == ("'=HYPERLINK(1)", "'+55", "'-1")
    assert (row["trade_in"], row["source"], row["vehicle_id"]) == ('a "b", c', "'@x", "")
