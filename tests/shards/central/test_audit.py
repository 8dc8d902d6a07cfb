from shards.central import audit
from tests.support.files import MOMENT, memory


def test_newest_first_of_one_or_all() -> None:
    with memory("central") as tx:
        for number in range(4):
            tenant = "a" if number % 2 else None
            audit.append(tx, actor="cli", action="x", tenant=tenant, target=str(number), detail={"é": number})
        everything = audit.page(tx, limit=3)
        assert [entry.target for entry in everything] == ["3", "2", "1"]
        assert [entry.target for entry in audit.page(tx, before=everything[-1].seq)] == ["0"]
        of_one = audit.page(tx, tenant="a")
        assert [(entry.target, entry.tenant, entry.detail) for entry in of_one] == [
            ("3", "a", {"é": 3}),
            ("1", "a", {"é": 1}),
        ]
        assert of_one[0].at == MOMENT
