"""The profile goes into one JSON document and comes back the same."""

import json
from typing import Any

import cattrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shards.errors import NotFound
from shards.tenant import profile
from shards.tenant.profile import (
    CHANNEL_KINDS,
    DAYS,
    AssistantProfile,
    ChannelProfile,
    StockFeed,
    TenantProfile,
    VoiceProfile,
)
from tests.support.desk_rows import Desk

WHOLE = TenantProfile(
    id="auto-sul",
    name="Auto Sul Veículos",
    channel=ChannelProfile(kind="cloud", phone_number_id="1063", waba_id="1022"),
    assistant=AssistantProfile(
        providers=("openai", "catalogue"),
        greeting="Olá! 🚗",
        voice=VoiceProfile(enabled=True, voice_id="v1"),
        hours={"mon": ("08:00-12:00", "13:30-18:00"), "sun": ()},
        holidays=("2026-12-25",),
        finance_rate_percent_month=1.69,
        quiet_spell_seconds=0.5,
    ),
    stock_feed=StockFeed(url="https://loja.example/estoque.xml"),
)


def test_a_profile_comes_back_as_it_was(desk: Desk) -> None:
    desk(profile.save, WHOLE)
    assert desk(profile.load) == WHOLE
    assert "Veículos" in desk.value("SELECT document FROM profile"), "readable in the file"
    desk(profile.save, TenantProfile(id="auto-sul", name="Auto Sul"))
    assert desk(profile.load).assistant == AssistantProfile()
    assert desk.rows("SELECT one, changed_at FROM profile") == [(1, desk.clock.ms)]


def test_a_shard_that_was_never_set_up_says_so(desk: Desk) -> None:
    desk(lambda tx: tx.run("DELETE FROM profile"))
    with pytest.raises(NotFound, match="adopt or restore"):
        desk(profile.load)


@pytest.mark.parametrize(
    "change",
    [
        {"colour": "red"},
        {"channel": {"kind": "telegram"}},
        {"channel": {"kind": "cloud", "acess_token": "EAAG"}},
        {"assistant": {"handover_minutes": "many"}},
        {"stock_feed": {}},
    ],
)
def test_what_is_not_a_profile_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(cattrs.ClassValidationError):
        profile.converter.structure({"id": "a1", "name": "A", **change}, TenantProfile)


@given(
    st.builds(
        TenantProfile,
        id=st.just("auto-sul"),
        name=st.text(st.characters(exclude_categories=["Cs"])),
        channel=st.builds(ChannelProfile, kind=st.sampled_from(CHANNEL_KINDS)),
        assistant=st.builds(
            AssistantProfile,
            hours=st.dictionaries(st.sampled_from(DAYS), st.lists(st.just("08:00-18:00")).map(tuple)),
            finance_rate_percent_month=st.none() | st.floats(0, 20),
        ),
    )
)
def test_any_profile_survives_json(made: TenantProfile) -> None:
    document = json.dumps(profile.converter.unstructure(made), ensure_ascii=False)
    assert profile.converter.structure(json.loads(document), TenantProfile) == made
