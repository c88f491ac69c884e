from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelprose.ingester.addresses import Guard, is_public

PRIVATE_4 = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200"),
    *("127.0.0.1", "127.255.255.254", "168.63.129.16", "169.254.169.254", "172.16.0.1"),
    *("172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1"),
    *("198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1"),
    *("239.255.255.255", "240.0.0.1", "255.255.255.255"),
]
PRIVATE_6 = [
    *("::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:0:127.0.0.1", "64:ff9b:1::1", "100::1"),
    *("2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1", "2001:20::1"),
    *("2001:db8::1", "2002:7f00:1::", "2002:808:808::1", "3fff::1", "4000::1", "5f00::1"),
    *("fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%1", "fec0::1", "feff::1", "ff02::1"),
    *("ff0e::1",),
]
PUBLIC = [
    *("1.1.1.1", "8.8.8.8", "11.0.0.1", "100.63.255.255", "100.128.0.1", "126.255.255.255"),
    *("128.0.0.1", "172.15.255.255", "172.32.0.1", "192.0.1.1", "192.167.0.1", "198.17.0.1"),
    *("223.255.255.255", "2606:4700:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8"),
    *("64:ff9b::808:808",),
]


@pytest.mark.parametrize("address", PRIVATE_4 + PRIVATE_6)
def test_what_is_not_public_is_refused(address: str) -> None:
    refusal = Guard().refuses(address, port=80)
    assert refusal is not None
    assert refusal.reason == "forbidden_address"


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_not_refused(address: str) -> None:
    assert Guard().refuses(address, port=443) is None


@pytest.mark.parametrize("address", PRIVATE_4)
@pytest.mark.parametrize(
    "wrapped",
    [
        lambda inner: IPv6Address(0xFFFF << 32 | inner),  # mapped
        lambda inner: IPv6Address(0xFFFF << 48 | inner),  # translated
        IPv6Address,  # compatible
        lambda inner: IPv6Address(0x64FF9B << 96 | inner),  # NAT64
        lambda inner: IPv6Address(0x64FF9B0001 << 80 | inner),  # NAT64, local use
        lambda inner: IPv6Address(0x2002 << 112 | inner << 80),  # 6to4
        lambda inner: IPv6Address(0x20010000 << 96 | inner ^ 0xFFFFFFFF),  # Teredo
    ],
)
def test_a_private_address_stays_private_in_every_wrapping(
    address: str, wrapped: Callable[[int], IPv6Address]
) -> None:
    inside = wrapped(int(IPv4Address(address)))
    assert Guard().refuses(str(inside), port=80) is not None


@given(st.ip_addresses())
def test_nothing_is_public_that_python_calls_local(address: IPv4Address | IPv6Address) -> None:
    if is_public(address):
        assert address.is_global or isinstance(address, IPv6Address)
        assert not address.is_multicast
        assert not address.is_private


LOOPBACK = Guard(networks=(ip_network("127.0.0.0/8"),))


def test_a_deployment_may_allow_its_own_ranges_on_every_port() -> None:
    assert LOOPBACK.refuses("127.0.0.1", port=8080) is None
    assert LOOPBACK.refuses("::ffff:127.0.0.1", port=8080) is None


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "::1", "64:ff9b::7f00:1"])
def test_allowing_one_range_allows_no_other(address: str) -> None:
    assert LOOPBACK.refuses(address, port=80) is not None


@pytest.mark.parametrize("port", [0, 22, 25, 8080, 6379])
def test_public_addresses_are_dialled_on_web_ports_only(port: int) -> None:
    assert Guard().refuses("8.8.8.8", port=port) is not None
    assert Guard(ports=frozenset({port})).refuses("8.8.8.8", port=port) is None
    assert Guard(ports="any").refuses("8.8.8.8", port=port) is None


def test_any_port_is_not_any_address() -> None:
    assert Guard(ports="any").refuses("10.0.0.1", port=80) is not None


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "kubernetes", "db.internal", "a.local", "api.default.svc", "x.localhost"),
        *("registry.svc.cluster.local", "router.home.arpa", "a.test", "hidden.onion"),
        *("wiki.corp", "nas.home", "hr.intranet", "a.invalid", "tv.lan", "pc.localdomain"),
        "x.private",
    ],
)
def test_local_names_are_not_even_asked_for(host: str) -> None:
    refusal = Guard().refuses_host(host)
    assert refusal is not None
    assert refusal.reason == "forbidden_address"
    assert Guard(hosts=frozenset({host})).refuses_host(host) is None


@pytest.mark.parametrize(
    "host", ["example.com", "local.example", "192.0.2.1", "::1", "internal.io"]
)
def test_other_names_and_addresses_are_judged_when_dialled(host: str) -> None:
    assert Guard().refuses_host(host) is None


def test_an_allowed_name_does_not_allow_where_it_leads() -> None:
    guard = Guard(hosts=frozenset({"localhost"}))
    assert guard.refuses(str(ip_address("127.0.0.1")), port=80) is not None
