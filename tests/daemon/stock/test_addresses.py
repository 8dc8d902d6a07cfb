import ipaddress

import pytest

from daemon.errors import ConfigError
from daemon.stock.addresses import AllowedPrivate, forbidden, is_public

NOTHING = AllowedPrivate()


@pytest.mark.parametrize("address", ["8.8.8.8", "200.160.2.3", "2001:12ff:0:2::3", "2606:4700::1111"])
def test_public_addresses(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "239.1.1.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1", "192.88.99.1", "192.0.0.8",
        "::1", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "fec0::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1",
        "2002:7f00:1::", "2001::1",
    ],
)  # fmt: skip
def test_other_addresses(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    assert forbidden("loja.example", 80, [address], NOTHING) == address


def test_one_bad_address_among_good_ones_is_enough() -> None:
    assert forbidden("loja.example", 80, ["8.8.8.8", "10.0.0.1"], NOTHING) == "10.0.0.1"
    assert forbidden("loja.example", 80, ["8.8.8.8"], NOTHING) == ""
    assert forbidden("loja.example", 80, ["fe80::1%eth0"], NOTHING) == "fe80::1%eth0"


def test_exceptions_are_by_host_and_port_or_network() -> None:
    allowed = AllowedPrivate.parse(["estoque.interno:8080", "10.1.0.0/16", "[::1]:90", "127.0.0.1:80"])
    assert forbidden("estoque.interno", 8080, ["192.168.0.5"], allowed) == ""
    assert forbidden("ESTOQUE.interno", 8080, ["192.168.0.5"], allowed) == ""
    assert forbidden("estoque.interno", 80, ["192.168.0.5"], allowed) == "192.168.0.5"
    assert forbidden("x.example", 80, ["10.1.2.3"], allowed) == ""
    assert forbidden("x.example", 80, ["10.2.2.3"], allowed) == "10.2.2.3"
    assert forbidden("::1", 90, ["::1"], allowed) == ""
    assert forbidden("localhost", 80, ["127.0.0.1"], allowed) == ""


def test_unusable_exceptions_are_all_named() -> None:
    with pytest.raises(ConfigError) as caught:
        AllowedPrivate.parse(["host", "host:99999", "10.0.0.0/8", ":80"])
    assert len(caught.value.faults) == 3
    assert "'host:99999'" in caught.value.faults[1]
