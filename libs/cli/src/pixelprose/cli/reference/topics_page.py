"""Every topic: what is in it, who writes and reads it, how long it is kept."""

from collections.abc import Iterator

from pixelprose.cli.reference.markdown import code, codes, table, title
from pixelprose.records import topic_list
from pixelprose.records.topics import Topic

_ACCESS = {
    "public": "public: anyone may read it",
    "normal": "",
    "internal": "internal: holds personal data",
    "restricted": "restricted: for reviewers alone",
}


def page() -> str:
    """Return the page."""
    return "\n".join(
        [
            title("Topics", source="`schemas/topics.yaml`"),
            *_head(),
            _topics(),
            *_others(),
            *_owners(),
        ]
    )


def _head() -> Iterator[str]:
    listed = topic_list()
    yield (
        f"`pixelprose topics init` makes them with {listed.partitions} partitions each "
        f"({listed.laptop_partitions} by `pixelprose up`),\n"
        "fixed from then on. `kafka.topic_prefix` stands before each name. Values are Avro in the\n"
        f"Confluent wire format; from the first release on {listed.compatibility} holds. A reader\n"
        "is `service[.step]`. Read with `isolation.level=read_committed`.\n"
    )


def _topics() -> str:
    rows = (
        (
            code(topic.name),
            f"[{topic.record}](records.md#{topic.record.lower()})",
            topic.key,
            codes(topic.producers),
            codes(topic.consumers),
            _kept(topic),
            _ACCESS[topic.access],
        )
        for topic in topic_list().topics
    )
    return table(("topic", "record", "key", "written by", "read by", "kept", "access"), rows)


def _kept(topic: Topic) -> str:
    if topic.compacted is not None:
        lag = topic.compacted
        return f"newest of each key; older ones {lag.least_lag_days} to {lag.most_lag_days} days"
    return f"{topic.keep_days} days" if topic.keep_days else "as the operator's policy says"


def _others() -> Iterator[str]:
    letters, retries = topic_list().dead_letters, topic_list().retries
    yield "## Dead letters\n"
    yield (
        f"{code(letters.pattern)}, for each reader of each topic: the original bytes and where.\n"
        f"Kept for {letters.keep_days} days; messages may be {letters.size_factor} times as large. "
        f"{codes(letters.consumers)} reads all of them.\n"
    )
    yield "## Retries\n"
    tiers = ", ".join(f"{code(name)} ({seconds} s)" for name, seconds in retries.tiers.items())
    yield (
        f"{code(retries.pattern)}, of readers that put records off: {codes(retries.consumers)}.\n"
        f"Tiers: {tiers}. Kept for {retries.keep_days} days; messages may be larger by our "
        "headers.\n"
    )


def _owners() -> Iterator[str]:
    yield "## Owners\n"
    yield "Who fills each field of the records: the first makes it, the others may change it.\n"
    owners = topic_list().owners.items()
    yield table(("field", "by"), ((code(field), codes(by)) for field, by in owners))
