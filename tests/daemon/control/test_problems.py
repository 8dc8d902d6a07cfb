import orjson
import pytest

from daemon.control.problems import Problem, of, refuse
from daemon.control.strict import BadRequestBody, FieldFault
from shards.errors import Conflict, Invalid, NotFound, ShardCorrupt, ShardError, StorageFull


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("x"), 404),
        (Conflict("x"), 409),
        (Invalid("x", path="a.b"), 422),
        (StorageFull("x"), 503),
        (ShardCorrupt("x"), 503),
        (BadRequestBody((FieldFault("a", "b"),)), 422),
        (refuse(415, "x"), 415),
    ],
)
def test_the_table(error: Exception, status: int) -> None:
    problem = of(error)
    assert problem is not None
    assert problem.status == status
    assert (status == 503) == (("Retry-After", "5") in problem.headers)


def test_what_nobody_foresaw() -> None:
    assert of(KeyError("x")) is None
    assert of(ShardError("x")) is None


def test_the_document() -> None:
    problem = of(Invalid("the name is empty", "give one", path="name"))
    assert problem is not None
    assert orjson.loads(problem.body()) == {
        "type": "about:blank",
        "title": "Invalid",
        "status": 422,
        "detail": "the name is empty: give one",
        "errors": [{"path": "name", "message": "the name is empty"}],
    }
    assert orjson.loads(Problem(status=500, detail="x", id="i").body())["id"] == "i"
