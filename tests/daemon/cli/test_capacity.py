import json
from datetime import date

import pytest
from attrs import fields

from daemon.capacity import Figures
from daemon.cli import main
from daemon.cli.capacity import TYPICAL, measured


def test_every_figure_says_where_it_came_from() -> None:
    known = measured()
    assert known.machine
    assert set(known.sources) == {field.name for field in fields(Figures)}
    for source in known.sources.values():
        assert date.fromisoformat(source["date"]) <= date(2100, 1, 1)
        assert source["command"]
        assert source["note"]


def test_a_table_of_typical_servers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["capacity"]) == 0
    out = capsys.readouterr().out
    assert "20 conversations" in out
    rows = [line for line in out.splitlines() if line[:1].isdigit()]
    assert [row.split()[0] for row in rows] == [f"{server.cores:g}" for server in TYPICAL]
    assert "what vendors take and charge" in out
    assert "answers will wait" not in out


def test_one_server_and_so_many_dealerships(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["capacity", "--cores", "2", "--server-cost-brl", "97.50", "--tenants", "30", "--json"]
    assert main(asked) == 0
    found = json.loads(capsys.readouterr().out)
    (plan,) = found["servers"]
    assert plan["server"] == {"cores": 2.0, "memory_gb": 4.0, "disk_gb": 80.0, "cost_centavos": 9750}
    assert (plan["tenants"], plan["fits"], plan["cost_centavos_per_tenant"]) == (30, True, 325)
    assert plan["conversations_per_day"] == 600
    assert found["demand"]["utilisation"] == 0.6
    assert found["figures"]["cpu_ms_per_message"]["value"] > 0


def test_what_does_not_fit_has_no_price(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["capacity", "--disk-gb", "1", "--tenants", "5000", "--utilisation", "0.9"]) == 0
    out = capsys.readouterr().out
    (row,) = (line for line in out.splitlines() if "do not fit" in line)
    assert "disk at" in row
    assert "0.0" not in row.split("disk at")[1]
    assert "answers will wait" in out


@pytest.mark.parametrize(
    ("option", "value"),
    [("--messages-per-day", "-3"), ("--peak-share", "0"), ("--tenants", "0"), ("--cores", "0"), ("--cores", "nan"),
     ("--server-cost-brl", "inf"), ("--server-cost-brl", "-1"), ("--memory-gb", "0")],
)  # fmt: skip
def test_what_makes_no_sense_is_one_line(option: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["capacity", option, value]) == 1
    err = capsys.readouterr().err
    assert err.startswith("showroomd: the arguments cannot be used (")
    assert err.count("\n") == 1
