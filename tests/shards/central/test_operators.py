import pytest

from shards.central import operators
from shards.errors import Invalid, NotFound
from tests.support.files import MOMENT, memory


def test_a_token_is_kept_as_its_hash() -> None:
    with memory("central") as tx:
        made, clear = operators.add(tx, name="crm", role="viewer")
        assert made.hash == operators.hashed(clear)
        assert operators.token_id(clear) == made.id
        assert operators.get(tx, made.id) == made
        assert made.created_at == MOMENT
        assert clear.encode() not in b"".join(
            value for row in tx.rows("SELECT * FROM operator_tokens") for value in row if isinstance(value, bytes)
        )


def test_revoking_is_for_good() -> None:
    with memory("central") as tx:
        made, _ = operators.add(tx, name="crm", role="admin")
        assert operators.revoke(tx, made.id).revoked_at == MOMENT
        assert operators.revoke(tx, made.id).revoked_at == MOMENT
        with pytest.raises(NotFound):
            operators.revoke(tx, "none")


def test_what_is_refused() -> None:
    with memory("central") as tx:
        for role, tenant, path in (("king", None, "role"), ("admin", "none", "tenant")):
            with pytest.raises(Invalid) as raised:
                operators.add(tx, name="x", role=role, tenant=tenant)
            assert raised.value.path == path
        tx.run("INSERT INTO tenants VALUES ('gone', 'x', 'deleted', '', 0, 0)")
        with pytest.raises(Invalid):
            operators.add(tx, name="x", role="admin", tenant="gone")


def test_pages() -> None:
    with memory("central") as tx:
        ids = sorted(operators.add(tx, name=str(number), role="viewer")[0].id for number in range(5))
        first = operators.page(tx, limit=3)
        rest = operators.page(tx, after=first[-1].id, limit=3)
        assert [token.id for token in first + rest] == ids


@pytest.mark.parametrize("token", ["", "srd", "srd_", "srd_a", "srd_a_", "xyz_a_b", "srd__b"])
def test_what_is_no_token(token: str) -> None:
    assert operators.token_id(token) == ""
