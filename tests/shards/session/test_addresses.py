from shards.session import addresses
from tests.support.session import SessionFile


def test_the_newest_observation_wins_both_ways(file: SessionFile) -> None:
    assert file(addresses.learn, lid_user="222", pn_user="55")
    assert not file(addresses.learn, lid_user="222", pn_user="55")
    assert (file(addresses.lid_of, "55"), file(addresses.pn_of, "222")) == ("222", "55")
    assert file(addresses.learn, lid_user="333", pn_user="66")
    assert file(addresses.learn, lid_user="222", pn_user="66"), "the number has changed hands"
    assert (file(addresses.lid_of, "66"), file(addresses.pn_of, "222")) == ("222", "66")
    assert (file(addresses.lid_of, "55"), file(addresses.pn_of, "333")) == (None, None)
