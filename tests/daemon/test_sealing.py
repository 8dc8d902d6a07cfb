import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import SealBroken
from daemon.sealing import Sealer, TenantSealer

ONE, OTHER = Sealer(b"1" * 32), Sealer(b"2" * 32)
FIELD = "channel.access_token"


@given(st.text(), st.text(), st.text())
def test_what_was_sealed_opens(tenant: str, field: str, text: str) -> None:
    assert ONE.open(tenant, field, ONE.seal(tenant, field, text)) == text


def test_equal_texts_are_sealed_unequally() -> None:
    assert ONE.seal("a", FIELD, "x") != ONE.seal("a", FIELD, "x")


def test_another_key_is_named() -> None:
    with pytest.raises(SealBroken, match=f"{ONE.key_id}.*{OTHER.key_id}.*start with that master key"):
        OTHER.open("a", FIELD, ONE.seal("a", FIELD, "x"))


@pytest.mark.parametrize(("tenant", "field"), [("b", FIELD), ("a", "pin"), ("ac", "hannel.access_token")])
def test_a_value_opens_only_in_its_place(tenant: str, field: str) -> None:
    sealed = ONE.seal("a", FIELD, "x")
    with pytest.raises(SealBroken, match="altered or copied"):
        ONE.open(tenant, field, sealed)


@given(st.binary(max_size=60))
def test_altered_bytes_never_open(value: bytes) -> None:
    sealed = ONE.seal("a", FIELD, "x")
    with pytest.raises(SealBroken):
        ONE.open("a", FIELD, evolve(sealed, value=value))


def test_neither_the_text_nor_the_key_is_to_be_seen() -> None:
    sealed = ONE.seal("a", FIELD, "EAAG-token")
    assert b"EAAG" not in sealed.value
    assert "EAAG" not in repr(sealed)
    assert b"1" * 8 not in bytes.fromhex(sealed.key_id)


def test_hashes_belong_to_key_and_tenant() -> None:
    assert ONE.keyed_hash("a", "5551") == Sealer(b"1" * 32).keyed_hash("a", "5551")
    others = (ONE.keyed_hash("b", "5551"), ONE.keyed_hash("a", "5552"), OTHER.keyed_hash("a", "5551"))
    assert ONE.keyed_hash("a", "5551") not in others
    assert len(ONE.keyed_hash("a", "")) == 32


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(b"short")


@given(st.binary(max_size=200), st.text(max_size=9))
def test_a_tenants_bytes_come_back(value: bytes, field: str) -> None:
    sealed = ONE.of_tenant("a").seal(field, value)
    assert Sealer(b"1" * 32).of_tenant("a").open(field, sealed) == value
    assert value not in sealed or len(value) < 4


@pytest.mark.parametrize(
    ("sealer", "field"), [(ONE.of_tenant("b"), "f"), (OTHER.of_tenant("a"), "f"), (ONE.of_tenant("a"), "g")]
)
def test_a_tenants_bytes_open_only_in_their_place(sealer: TenantSealer, field: str) -> None:
    sealed = ONE.of_tenant("a").seal("f", b"x")
    with pytest.raises(SealBroken, match="pair it again"):
        sealer.open(field, sealed)


@given(st.binary(max_size=60))
def test_a_tenants_altered_bytes_never_open(sealed: bytes) -> None:
    with pytest.raises(SealBroken):
        ONE.of_tenant("a").open("f", sealed)


def test_a_tenants_sealer_names_the_master_key() -> None:
    assert ONE.of_tenant("a").key_id == ONE.key_id
    assert ONE.of_tenant("a").seal("f", b"x") != ONE.of_tenant("a").seal("f", b"x")
