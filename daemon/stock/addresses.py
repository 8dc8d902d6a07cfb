"""Which network addresses a feed or photo may be fetched from. Pure."""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Final

from attrs import frozen

from daemon.errors import ConfigError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Not global in truth though the tables say otherwise, or ways to reach an IPv4 address by another name.
_DISGUISES: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/32",
        "::/96",
        "fec0::/10",
        "192.88.99.0/24",
        "192.0.0.0/24",
    )
)


@frozen
class AllowedPrivate:
    """Exceptions to "public addresses only", as configured."""

    hosts: frozenset[tuple[str, int]] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> "AllowedPrivate":
        """From "host:port" and network entries. Raises `ConfigError` that names each unusable entry."""
        hosts, networks, faults = set(), [], []
        for entry in entries:
            host, colon, port = entry.strip().rpartition(":")
            try:
                networks.append(ipaddress.ip_network(entry.strip(), strict=False))
                continue
            except ValueError:
                pass
            if colon and host and port.isdigit() and 0 < int(port) < 65536:
                hosts.add((host.strip("[]").lower(), int(port)))
            else:
                faults.append(f"fetch.allow_private: {entry!r} is neither host:port nor a network such as 10.0.0.0/8")
        if faults:
            raise ConfigError(tuple(faults))
        return cls(frozenset(hosts), tuple(networks))

    def allows(self, host: str, port: int, address: Address) -> bool:
        """Whether the address may be connected to though it is not public."""
        named = {(host.lower(), port), (str(address), port)}
        return bool(named & self.hosts) or any(
            address in network for network in self.networks if network.version == address.version
        )


def is_public(address: Address) -> bool:
    """Whether the address is a plain public one: not private, local, shared, multicast, reserved or a disguise."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return False
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified:
        return False
    return not any(address in network for network in _DISGUISES if network.version == address.version)


def forbidden(host: str, port: int, found: Sequence[str], allowed: AllowedPrivate) -> str:
    """The first of a host's addresses that must not be connected to, "" when all may."""
    for text in found:
        address = ipaddress.ip_address(text.partition("%")[0])
        if not is_public(address) and not allowed.allows(host, port, address):
            return text
    return ""
