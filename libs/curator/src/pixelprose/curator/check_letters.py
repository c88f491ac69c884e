"""Checks of the dead letters, which many topics feed, against its history and against them."""

from collections.abc import Iterator, Sequence

from pixelprose.curator.check_history import COMPLETE, check_complete, lanes_of_topics
from pixelprose.curator.check_topic import check_topic
from pixelprose.curator.finding import Finding, State, skipped
from pixelprose.curator.history import Commit
from pixelprose.curator.lake import LakeTable
from pixelprose.curator.offsets import offsets
from pixelprose.curator.topic import Topic, TopicRecord, identities
from pixelprose.kafkalog import KafkaSettings
from pixelprose.records import topic_list


def check_letters(
    commits: Sequence[Commit], kafka: KafkaSettings | None, table: LakeTable
) -> Iterator[Finding]:
    """Yield whether all rows of each commit are there, and how each topic's records became rows.

    Raises:
        LakeError: a file is missing, or the store or the broker stops answering.
        KafkaException: the broker does not answer or refuses.
    """
    held = offsets(table)
    apps = {app for commit in commits for app in commit.positions}
    if apps and kafka is None:
        why = "which topics its positions are of, the broker alone knows"
        yield skipped(COMPLETE, table.name, why)
        return
    names = {*topic_list().dead_letter_topics(), *(topic for topic, _ in held.by_lane)}
    known = identities(kafka, names) if apps and kafka else {}
    complete = check_complete(table.name, commits, held, lanes_of_topics(known))
    yield complete
    if kafka is None or complete.state is State.SKIPPED:
        return
    for identity, topic in sorted(known.items(), key=lambda one: one[1]):
        if any(app.startswith(identity) for app in apps):
            yield check_topic(table, commits, held, Topic(kafka, topic), _no_reason)


def _no_reason(_record: TopicRecord) -> None:
    """No dead letter is left out."""
