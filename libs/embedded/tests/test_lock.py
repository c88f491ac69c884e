import pytest

from pixelprose.embedded.lock import Jar, Lock, ServerName, load_lock, parse_lock, render_lock

ONE = Jar("org.example", "one", "1.0-a", sha256="0" * 64, size_bytes=10)
TWO = Jar("org.example.deep", "two_2.13", "2", sha256="f" * 64, size_bytes=32)


def test_a_lock_is_read_back_as_it_was_written() -> None:
    lock = Lock((TWO, ONE))
    assert parse_lock(render_lock(lock, heading="Two jars.\n\nNot more.")) == lock
    assert lock.size_bytes == 42


@pytest.mark.parametrize(
    "line",
    [
        "org.example:one:1.0",
        f"org.example:one sha256={'0' * 64} bytes=10",
        f"org.example:one:1.0 sha256={'0' * 63} bytes=10",
        f"org.example:one:1.0 sha256={'0' * 64} bytes=0",
        f"org.example:../one:1.0/x sha256={'0' * 64} bytes=10",
    ],
)
def test_a_line_that_pins_nothing_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="not a pinned jar"):
        parse_lock(line)


@pytest.mark.parametrize(
    ("server", "first"),
    [("kafka", "org.apache.kafka:kafka_2.13:4.3.1"), ("s3", "org.gaul:s3proxy:4.1.0")],
)
def test_the_shipped_lock_begins_with_its_server(server: ServerName, first: str) -> None:
    jars = load_lock(server).jars
    assert str(jars[0]) == first
    assert len({(jar.group, jar.artifact) for jar in jars}) == len(jars)


def test_both_servers_together_are_a_fetch_of_under_80_mb() -> None:
    assert load_lock("kafka").size_bytes + load_lock("s3").size_bytes < 80e6
