from daemon.stock import rows


def test_the_limits_fit_into_each_other() -> None:
    assert rows.MAX_ENTRY < rows.MAX_BODY_BYTES
    assert rows.Unusable("why").reason == "why"
