"""Days and times that customers name."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.desk.amounts import flat
from daemon.desk.catalogue.when import Wanted, wanted, week_words
from shards.tenant.profile import AssistantProfile

NOW = datetime(2026, 3, 12, 10, 30, tzinfo=ZoneInfo("America/Sao_Paulo"))  # a Thursday


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("sábado às 10", Wanted(day=date(2026, 3, 14), at=time(10))),
        ("amanhã às 15h", Wanted(day=date(2026, 3, 13), at=time(15))),
        ("amanha de manha la pelas 10 e meia", Wanted(day=date(2026, 3, 13), at=time(10, 30), part="manha")),
        ("hoje 16:30", Wanted(day=date(2026, 3, 12), at=time(16, 30))),
        ("dia 17 de tarde", Wanted(day=date(2026, 3, 17), part="tarde")),
        ("dia 5", Wanted(day=date(2026, 4, 5))),
        ("dia 20/03 as 14:30", Wanted(day=date(2026, 3, 20), at=time(14, 30))),
        ("quinta que vem", Wanted(day=date(2026, 3, 19))),
        ("depois de amanhã", Wanted(day=date(2026, 3, 14))),
        ("umas 3 da tarde", Wanted(at=time(15), part="tarde")),
        ("às duas", Wanted(at=time(14))),
        ("ao meio-dia", Wanted(at=time(12))),
        ("dia 31/02", Wanted()),
        ("agora", Wanted(now=True)),
        ("a segunda opção", Wanted()),
        ("tem carro até 60 mil", Wanted()),
    ],
)
def test_reads(text: str, when: Wanted) -> None:
    assert wanted(flat(text), NOW) == when


@given(st.text(max_size=100))
def test_never_raises(text: str) -> None:
    wanted(flat(text), NOW)


@given(st.from_regex(r"dia \d{1,2}/\d{1,2} (as|às) \d{1,2}(:\d{2})?h?", fullmatch=True))
def test_never_lies_in_the_past(text: str) -> None:
    day = wanted(flat(text), NOW).day
    assert day is None or day >= NOW.date()


def test_writes_the_week() -> None:
    hours = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ("08:00-12:00", "13:30-18:00"))
    assert week_words(AssistantProfile(hours=hours | {"sat": ("09:00-13:00",)})) == [
        "Segunda a sexta: das 8h às 12h e das 13h30 às 18h",
        "Sábado: das 9h às 13h",
        "Domingo: fechado",
    ]
