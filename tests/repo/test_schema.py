import pytest

from tests.support.schema import KINDS, MIGRATIONS, schema


@pytest.mark.parametrize("kind", KINDS)
def test_the_snapshot_is_the_sum_of_the_migrations(kind: str) -> None:
    assert (MIGRATIONS / kind / "schema.sql").read_text("utf-8") == schema(kind), "run `make schema`"
