"""A session file belongs to one tenant and one master key, and says so."""

from collections.abc import Iterator

import pytest

from daemon.errors import SealBroken
from daemon.sealing import TenantSealer
from daemon.tenants.web_seal import FileSeal
from shards.errors import ShardCorrupt
from shards.session import meta
from tests.support.session import OTHER_SEALER, SEALER, SessionFile, session_file


@pytest.fixture
def file() -> Iterator[SessionFile]:
    with session_file() as made:
        yield made


def sealed(file: SessionFile, value: bytes, sealer: TenantSealer, *, claimed: bool = False) -> bytes:
    return file(lambda tx: FileSeal(tx, sealer, claimed=claimed).seal("f", value))


def opened(file: SessionFile, value: bytes, sealer: TenantSealer) -> bytes:
    return file(lambda tx: FileSeal(tx, sealer, claimed=False).open("f", value))


def test_the_first_value_claims_the_file(file: SessionFile) -> None:
    assert not file(lambda tx: FileSeal(tx, file.sealer, claimed=False).claimed)
    value = sealed(file, b"x", file.sealer)
    assert (file(meta.get, "tenant"), file(meta.get, "key_id")) == ("auto-sul", SEALER.key_id)
    assert opened(file, value, SEALER.of_tenant("auto-sul")) == b"x"


def test_another_master_key_neither_opens_nor_seals(file: SessionFile) -> None:
    value = sealed(file, b"x", file.sealer)
    other = OTHER_SEALER.of_tenant("auto-sul")
    both = f"{SEALER.key_id}.*{OTHER_SEALER.key_id}.*pair it again"
    with pytest.raises(SealBroken, match=both):
        opened(file, value, other)
    with pytest.raises(SealBroken, match=both):
        sealed(file, b"y", other)


def test_it_can_be_taken_over(file: SessionFile) -> None:
    value = sealed(file, b"x", file.sealer)
    other = OTHER_SEALER.of_tenant("auto-sul")
    assert file(lambda tx: FileSeal(tx, other, claimed=False).take_over()) == SEALER.key_id
    assert opened(file, sealed(file, b"y", other), other) == b"y"
    with pytest.raises(SealBroken, match="altered"):
        opened(file, value, other)


def test_taking_over_a_new_file_has_no_former_key(file: SessionFile) -> None:
    assert file(lambda tx: FileSeal(tx, file.sealer, claimed=False).take_over()) == ""


def test_another_tenants_file_is_refused(file: SessionFile) -> None:
    sealed(file, b"x", file.sealer)
    with pytest.raises(ShardCorrupt, match="of vizinha belongs to auto-sul"):
        file(lambda tx: FileSeal(tx, SEALER.of_tenant("vizinha"), claimed=False))


def test_a_claim_that_was_undone_is_made_again(file: SessionFile) -> None:
    def seal_and_fail(tx: object) -> None:
        FileSeal(tx, file.sealer, claimed=False).seal("f", b"x")  # type: ignore[arg-type]
        raise KeyError

    with pytest.raises(KeyError):
        file(seal_and_fail)
    assert file(meta.get, "key_id") is None
    sealed(file, b"x", file.sealer)
    assert file(meta.get, "key_id") == SEALER.key_id
