from daemon.billing.standings import Standings


def test_everybody_answers_where_nothing_is_known() -> None:
    standings = Standings()
    assert (standings.of("a"), standings.reason("a")) == ("full", "")
    standings.replace({"a": ("catalogue", "over"), "b": ("full", "")})
    assert (standings.of("a"), standings.reason("a"), standings.of("b")) == ("catalogue", "over", "full")
    standings.replace({})
    assert standings.of("a") == "full"
