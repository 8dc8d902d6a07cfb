import math
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from daemon.capacity import Demand, Figures, Server, limits_of, messages_per_day_of_a_number, planned

FIGURES = Figures(
    cpu_ms_per_message=10,
    cpu_ms_per_message_web=15,
    memory_mb_per_process=100,
    memory_mb_per_tenant_cloud=0.5,
    memory_mb_per_tenant_web=1.0,
    disk_bytes_per_message=5_000,
    disk_bytes_per_tenant=500_000,
    copy_mb_per_second=20,
    tenants_per_process_tried=2_000,
)
SERVER = Server(cores=2, memory_gb=4, disk_gb=80, cost_centavos=80_01)
DEMAND = Demand(messages_per_day=100, messages_per_conversation=5, peak_share=0.1, share_of_web=0, keep_days=100)

amounts = st.floats(0.01, 1e5)
figures = st.builds(
    Figures,
    cpu_ms_per_message=amounts,
    cpu_ms_per_message_web=amounts,
    memory_mb_per_process=amounts,
    memory_mb_per_tenant_cloud=amounts,
    memory_mb_per_tenant_web=amounts,
    disk_bytes_per_message=amounts,
    disk_bytes_per_tenant=amounts,
    copy_mb_per_second=amounts,
    tenants_per_process_tried=st.integers(1, 10_000),
)
servers = st.builds(
    Server,
    cores=st.floats(0.1, 256),
    memory_gb=amounts,
    disk_gb=amounts,
    cost_centavos=st.integers(0, 10**7),
)
demands = st.builds(
    Demand,
    messages_per_day=amounts,
    messages_per_conversation=st.floats(1, 100),
    peak_share=st.floats(1 / 24, 1),
    share_of_web=st.floats(0, 1),
    keep_days=amounts,
    utilisation=st.floats(0.01, 1),
)


def test_a_worked_example() -> None:
    plan = planned(FIGURES, SERVER, DEMAND)
    # 80 GB, 60 % of it, half for copies; 0.5 MB and 100 days of 100 messages of 5 KB each
    assert plan.limits == {
        "number": 4_000,
        "cpu": 43_200,  # 60 % of 2 x 3,600 s; 10 messages of 10 ms
        "memory": 4_400,  # 60 % of 4,000 MB, less 2 x 100 MB; half a MB each
        "disk": 475,
        "tried": 4_000,
    }
    assert (plan.tenants, plan.first_limit, plan.fits) == (475, "disk", True)
    assert plan.disk_share == pytest.approx(2 * 475 * 50.5 / 80_000)
    assert plan.cpu_share == pytest.approx(475 * 0.1 / 7_200)
    assert plan.memory_share == pytest.approx((200 + 475 * 0.5) / 4_000)
    assert (plan.messages_per_day, plan.conversations_per_day) == (47_500, 9_500)
    assert plan.messages_per_second == pytest.approx(4_750 / 3_600)
    assert plan.copy_minutes == pytest.approx(475 * 50.5 / 20 / 60)
    assert plan.cost_centavos_per_tenant == 17  # 8001 / 475, rounded up


def test_more_dealerships_than_fit_are_said_not_to() -> None:
    assert planned(FIGURES, SERVER, DEMAND, 475).fits
    plan = planned(FIGURES, SERVER, DEMAND, 476)
    assert (plan.tenants, plan.fits, plan.first_limit) == (476, False, "disk")


def test_the_phone_app_s_messages_cost_their_own() -> None:
    half = evolve(DEMAND, share_of_web=0.5)
    assert limits_of(FIGURES, SERVER, half)["cpu"] == 34_560  # as above, of 12.5 ms
    assert limits_of(FIGURES, SERVER, half)["memory"] == 2_933  # of 0.75 MB


def test_a_number_has_its_own_limit() -> None:
    # 80 a second, 60 % of it, half of them answers, a tenth of a day in the busiest hour
    assert messages_per_day_of_a_number(DEMAND) == pytest.approx(24 * 3_600 * 10)
    on_the_phone = evolve(DEMAND, share_of_web=0.5)
    assert messages_per_day_of_a_number(on_the_phone) == 5_000
    assert messages_per_day_of_a_number(evolve(on_the_phone, peak_share=0.5)) == 1_200
    plan = planned(FIGURES, SERVER, evolve(on_the_phone, messages_per_day=5_001))
    assert (plan.tenants, plan.first_limit, plan.cost_centavos_per_tenant) == (0, "number", None)


def test_a_part_of_a_core_is_one_process_and_not_a_whole_core() -> None:
    assert limits_of(FIGURES, evolve(SERVER, cores=0.5), DEMAND)["cpu"] == 43_200 / 4
    assert evolve(SERVER, cores=0.5).processes == 1
    assert evolve(SERVER, cores=3.9).processes == 3


@given(figures, servers, demands)
def test_nothing_is_negative_and_what_is_planned_stays_below_what_was_allowed(
    measured: Figures, server: Server, demand: Demand
) -> None:
    plan = planned(measured, server, demand)
    assert all(limit >= 0 for limit in plan.limits.values())
    assert plan.tenants == min(plan.limits.values()) == plan.limits[plan.first_limit]
    assert plan.fits
    allowed = demand.utilisation * (1 + 1e-9)
    assert 0 <= plan.cpu_share <= allowed
    assert 0 <= plan.disk_share <= allowed
    assert plan.tenants == 0 or 0 <= plan.memory_share <= allowed
    assert plan.copy_minutes >= 0
    assert min(plan.messages_per_day, plan.conversations_per_day, plan.messages_per_second) >= 0
    if plan.tenants:
        assert plan.cost_centavos_per_tenant == math.ceil(server.cost_centavos / plan.tenants)


@given(figures, servers, demands, st.data())
def test_more_of_a_server_never_carries_less(
    measured: Figures, server: Server, demand: Demand, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(["memory_gb", "disk_gb"]))
    more: Any = evolve(server, **{name: getattr(server, name) * data.draw(st.floats(1, 100))})
    assert planned(measured, more, demand).tenants >= planned(measured, server, demand).tenants
    cores = evolve(server, cores=server.cores * data.draw(st.floats(1, 100)))
    assert limits_of(measured, cores, demand)["cpu"] >= limits_of(measured, server, demand)["cpu"]
    assert limits_of(measured, cores, demand)["tried"] >= limits_of(measured, server, demand)["tried"]


@given(figures, servers, demands, st.data())
def test_more_demand_never_fits_more(measured: Figures, server: Server, demand: Demand, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["messages_per_day", "peak_share", "keep_days"]))
    most = 1.0 if name == "peak_share" else 1e9
    more = evolve(demand, **{name: min(most, getattr(demand, name) * data.draw(st.floats(1, 100)))})
    assert planned(measured, server, more).tenants <= planned(measured, server, demand).tenants
    fuller = evolve(demand, utilisation=min(1.0, demand.utilisation * data.draw(st.floats(1, 10))))
    assert planned(measured, server, fuller).tenants >= planned(measured, server, demand).tenants
    if (
        measured.memory_mb_per_tenant_web > measured.memory_mb_per_tenant_cloud
        and measured.cpu_ms_per_message_web > measured.cpu_ms_per_message
    ):
        web = evolve(demand, share_of_web=1.0)
        assert planned(measured, server, web).tenants <= planned(measured, server, demand).tenants


@given(figures, servers, demands, st.data())
def test_worse_figures_never_fit_more(measured: Figures, server: Server, demand: Demand, data: st.DataObject) -> None:
    worse_if_larger = [
        "cpu_ms_per_message",
        "cpu_ms_per_message_web",
        "memory_mb_per_process",
        "memory_mb_per_tenant_cloud",
        "memory_mb_per_tenant_web",
        "disk_bytes_per_message",
        "disk_bytes_per_tenant",
    ]
    name = data.draw(st.sampled_from(worse_if_larger))
    worse: Any = evolve(measured, **{name: getattr(measured, name) * data.draw(st.floats(1, 100))})
    assert planned(worse, server, demand).tenants <= planned(measured, server, demand).tenants


@given(figures, servers, demands, st.integers(1, 10_000), st.integers(0, 10_000))
def test_more_dealerships_cost_less_each_and_fill_more(
    measured: Figures, server: Server, demand: Demand, tenants: int, more: int
) -> None:
    few, many = (planned(measured, server, demand, count) for count in (tenants, tenants + more))
    assert few.fits or not many.fits
    assert few.cost_centavos_per_tenant is not None
    assert many.cost_centavos_per_tenant is not None
    assert many.cost_centavos_per_tenant <= few.cost_centavos_per_tenant
    assert few.cpu_share <= many.cpu_share
    assert few.memory_share <= many.memory_share
    assert few.disk_share <= many.disk_share


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("messages_per_day", 0),
        ("messages_per_day", math.nan),
        ("messages_per_conversation", -1),
        ("peak_share", 0.01),
        ("peak_share", 1.1),
        ("share_of_web", -0.1),
        ("share_of_web", 1.01),
        ("keep_days", math.inf),
        ("utilisation", 0),
        ("utilisation", 1.5),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        evolve(DEMAND, **{name: value})
