"""Which addresses may be dialled: public ones, and what a deployment allows by name.

Sources: the IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890), RFC 6052 for
NAT64. Python's `is_global` is no substitute: it lets NAT64, 6to4 and multicast through.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Literal

from pixelprose.ingester.refusal import Refusal

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NOT_PUBLIC_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; clouds keep metadata in it
        "127.0.0.0/8",
        "168.63.129.16/32",  # the host of an Azure machine
        "169.254.0.0/16",  # link-local; cloud metadata
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments; cloud metadata
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_UNICAST_6 = IPv6Network("2000::/3")
"""All of IPv6 that was ever given out; loopback, local, mapped and multicast lie outside."""

_NOT_PUBLIC_6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address, any one, lies inside
        "3fff::/20",  # documentation
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")

_LOCAL_NAMES = (
    "corp",
    "home",
    "home.arpa",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "private",
    "svc",
    "test",
)


def is_public(address: Address) -> bool:
    """Whether the address is of the open internet.

    IPv4 inside IPv6 (mapped, and NAT64's well-known prefix) is judged as the IPv4 it reaches.
    """
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    return address in _UNICAST_6 and not any(address in network for network in _NOT_PUBLIC_6)


@dataclass(frozen=True, slots=True)
class Guard:
    """Judges what is about to be dialled.

    Attributes:
        networks: ranges that are allowed although not public, on every port.
        hosts: names that are allowed although they look local.
        ports: ports that are allowed on public addresses.
    """

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()
    ports: frozenset[int] | Literal["any"] = frozenset({80, 443})

    def refuses_host(self, host: str) -> Refusal | None:
        """Judge a name before anybody is asked about it; addresses are judged when dialled."""
        if ":" in host or host.replace(".", "").isdigit() or host in self.hosts:
            return None
        if "." not in host or host.endswith(tuple(f".{name}" for name in _LOCAL_NAMES)):
            return Refusal("forbidden_address", "the name of a local host")
        return None

    def refuses(self, address: str, *, port: int) -> Refusal | None:
        """Judge an address as it stands in the socket call.

        Raises:
            ValueError: this is no address.
        """
        parsed = ip_address(address)
        if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        if any(parsed in network for network in self.networks):
            return None
        if not is_public(parsed):
            return Refusal("forbidden_address", f"{parsed} is not public")
        if self.ports != "any" and port not in self.ports:
            return Refusal("forbidden_address", f"port {port} is not allowed")
        return None
