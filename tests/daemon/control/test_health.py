import orjson

from daemon.control.health import alive, ready
from tests.support.control import FakeHealth


def test_alive_and_ready() -> None:
    well, busy, full = FakeHealth(), FakeHealth(reasons=["auto-sul: not tried yet"]), FakeHealth(wrongs=["disk full"])
    assert alive(well) == (200, b'{"status":"ok","reasons":[]}')
    assert alive(busy)[0] == 200
    assert ready(well) == (200, b'{"status":"ready","reasons":[]}')
    assert ready(busy)[0] == 503
    assert orjson.loads(ready(busy)[1])["reasons"] == ["auto-sul: not tried yet"]
    assert (ready(full)[0], orjson.loads(ready(full)[1])["status"]) == (200, "degraded")
    assert orjson.loads(alive(full)[1]) == {"status": "degraded", "reasons": ["disk full"]}
