"""Rows on their way: nothing is remembered before it is on the topic."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest

from pixelprose.cli import feed as feed_module
from pixelprose.cli.errors import CommandError
from pixelprose.cli.feed import Feed, UnitFeed, send_list
from pixelprose.cli.images import Unit, folder_entries, units
from pixelprose.cli.report import Report
from pixelprose.cli.rows import BadRow, Columns, SourceRow
from pixelprose.cli.submit import SubmitFailed
from pixelprose.cli.submitted_before import SubmittedBefore
from pixelprose.cli.watch import watched
from pixelprose.records import Rights, SubmissionId


@dataclass
class Topic:
    """Takes rows; after `fails_after` of them the broker is gone."""

    got: list[str] = field(default_factory=list)
    fails_after: int | None = None
    on_row: Callable[[], None] = lambda: None

    def submit(
        self,
        rows: Iterable[SourceRow],
        *,
        on_sent: Callable[[], None],
        on_bad: Callable[[BadRow], None],
    ) -> Iterator[tuple[int, SubmissionId]]:
        del on_bad  # every row is taken
        for row in rows:
            if self.fails_after is not None and len(self.got) >= self.fails_after:
                raise SubmitFailed("the broker is gone")
            self.got.append(row.url)
            on_sent()
            yield row.number, SubmissionId("")
            self.on_row()


def row(number: int) -> SourceRow:
    return SourceRow(number, f"http://a/{number}", None, Rights(), {})


def unit(name: str, *rows: SourceRow | BadRow) -> Unit:
    return Unit(f"key of {name}", name, lambda: iter(rows))


BAD = BadRow("line 3", "no URL")


@pytest.fixture
def topic() -> Topic:
    return Topic()


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[SubmittedBefore]:
    kept = SubmittedBefore(tmp_path / "state", cluster="c")
    yield kept
    kept.close()


def feed(topic: Topic, *, strict: bool = False, limit: int | None = None) -> Feed:
    return Feed(topic, Report(strict=strict), Event(), limit)


def test_bad_rows_are_counted_and_the_others_go_on(topic: Topic) -> None:
    to, done = feed(topic), list[int]()
    send_list(iter([row(0), BAD, row(2)]), to, done=0, on_done=done.append)
    assert topic.got == ["http://a/0", "http://a/2"]
    assert (to.report.submitted, to.report.bad, to.report.first_bad) == (2, 1, [BAD])
    assert done == [3]


def test_strict_stops_at_the_first_bad_row(topic: Topic) -> None:
    with pytest.raises(CommandError, match="line 3: no URL"):
        send_list(
            iter([row(0), BAD, row(2)]), feed(topic, strict=True), done=0, on_done=lambda _: None
        )
    assert topic.got == ["http://a/0"]


def test_a_limit_is_kept_and_the_next_run_goes_on_behind_it(topic: Topic) -> None:
    done = [0]
    for _ in range(3):
        send_list(
            iter([row(n) for n in range(5)]),
            feed(topic, limit=2),
            done=done[-1],
            on_done=done.append,
        )
    assert topic.got == [f"http://a/{n}" for n in range(5)]
    assert done[-1] == 5


def test_a_list_is_remembered_chunk_by_chunk(topic: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "CHUNK_ROWS", 2)
    topic.fails_after = 5
    done: list[int] = []
    with pytest.raises(SubmitFailed):
        send_list(iter([row(n) for n in range(9)]), feed(topic), done=0, on_done=done.append)
    assert done == [2, 4]


def test_asked_to_stop_what_was_taken_is_sent_and_noted(topic: Topic) -> None:
    to, done = feed(topic), list[int]()
    topic.on_row = lambda: to.asked.set() if len(topic.got) == 2 else None
    send_list(iter([row(n) for n in range(5)]), to, done=0, on_done=done.append)
    assert (len(topic.got), done, to.report.interrupted) == (2, [2], True)


def test_units_are_sent_once(topic: Topic, memory: SubmittedBefore) -> None:
    for _ in range(2):
        sending = UnitFeed(feed(topic), memory)
        sending.send(sending.pick([unit("a", row(0)), unit("b", row(1), row(2)), unit("empty")]))
    assert topic.got == ["http://a/0", "http://a/1", "http://a/2"]
    assert sending.feed.report.before == 3


def test_what_the_broker_did_not_take_is_not_remembered(
    topic: Topic, memory: SubmittedBefore
) -> None:
    topic.fails_after = 1
    sending = UnitFeed(feed(topic), memory)
    with pytest.raises(SubmitFailed):
        sending.send([unit("a", row(0)), unit("b", row(1))])
    assert sending.is_new(unit("a", row(0)))
    topic.fails_after = None
    sending.send(sending.pick([unit("a", row(0)), unit("b", row(1))]))
    # "a" came twice, with one event id: the ingester skips the second.
    assert topic.got == ["http://a/0", "http://a/0", "http://a/1"]


def test_a_unit_that_a_limit_cuts_is_not_remembered_and_one_that_it_just_fits_is(
    topic: Topic, memory: SubmittedBefore
) -> None:
    for _ in range(2):
        sending = UnitFeed(feed(topic, limit=1), memory)
        sending.send(sending.pick([unit("a", row(0)), unit("b", row(1), row(2))]))
    assert topic.got == ["http://a/0", "http://a/1"]
    assert sending.is_new(unit("b"))


def test_a_unit_with_a_bad_row_is_said_once_a_run_and_tried_again_in_the_next(
    topic: Topic, memory: SubmittedBefore
) -> None:
    for _ in range(2):
        sending = UnitFeed(feed(topic), memory)
        for _ in range(3):
            sending.send(sending.pick([unit("a", row(0), BAD)]))
        assert sending.feed.report.bad == 1


def test_the_memory_is_kept_between_runs_and_per_cluster(tmp_path: Path) -> None:
    for cluster, known in (("one", False), ("one", True), ("two", False)):
        kept = SubmittedBefore(tmp_path, cluster=cluster)
        assert ("k" in kept) is known
        kept.add(["k"])
        kept.close()


class World:
    """A folder that is watched; each pause is a chance to change it."""

    def __init__(self, folder: Path, sending: UnitFeed) -> None:
        self.folder = folder
        self.sending = sending

    def watch(self, *pauses: Callable[[], object]) -> None:
        left = iter(pauses)

        def wait() -> bool:
            change = next(left, None)
            if change is not None:
                change()
            return change is None

        watched(lambda: units(folder_entries(self.folder), Columns()), self.sending, wait=wait)


@pytest.fixture
def world(tmp_path: Path, topic: Topic, memory: SubmittedBefore) -> World:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return World(folder, UnitFeed(feed(topic), memory))


def names(topic: Topic) -> list[str]:
    return [url.rpartition("/")[2] for url in topic.got]


def nothing() -> None:
    """Let a scan go by."""


def test_new_files_are_sent_once_when_they_have_settled(world: World, topic: Topic) -> None:
    (world.folder / "1.jpg").write_bytes(b"one")
    sent: list[int] = []

    def new() -> None:
        sent.append(len(topic.got))
        (world.folder / "2.jpg").write_bytes(b"two")

    world.watch(new, nothing, nothing, nothing)
    assert sent == [0]
    assert names(topic) == ["1.jpg", "2.jpg"]


def test_a_file_that_is_still_written_is_waited_for(world: World, topic: Topic) -> None:
    growing = world.folder / "1.jpg"
    growing.write_bytes(b"")
    sent: list[int] = []

    def grow() -> None:
        sent.append(len(topic.got))
        with growing.open("ab") as file:
            file.write(b"more")

    world.watch(grow, grow, grow, nothing, nothing)
    assert sent == [0, 0, 0]
    assert names(topic) == ["1.jpg"]


def test_a_file_is_waited_for_until_it_has_its_name(world: World, topic: Topic) -> None:
    draft = world.folder / "1.jpg.part"
    draft.write_bytes(b"one")
    world.watch(nothing, nothing, lambda: draft.rename(world.folder / "1.jpg"), nothing, nothing)
    assert names(topic) == ["1.jpg"]


def test_a_changed_file_is_sent_again_as_another_event(world: World, topic: Topic) -> None:
    (world.folder / "1.jpg").write_bytes(b"one")
    world.watch(nothing, lambda: (world.folder / "1.jpg").write_bytes(b"other"), nothing, nothing)
    assert names(topic) == ["1.jpg", "1.jpg"]


def test_a_watch_that_starts_again_sends_nothing_again(
    world: World, topic: Topic, memory: SubmittedBefore
) -> None:
    (world.folder / "1.jpg").write_bytes(b"one")
    world.watch(nothing, nothing)
    World(world.folder, UnitFeed(feed(topic), memory)).watch(nothing, nothing)
    assert names(topic) == ["1.jpg"]


def test_a_watch_ends_when_it_is_asked_to(world: World, topic: Topic) -> None:
    for number in range(5):
        (world.folder / f"{number}.jpg").write_bytes(b"one")
    asked = world.sending.feed.asked
    topic.on_row = lambda: asked.set() if len(topic.got) == 2 else None
    world.watch(*[nothing] * 10)
    assert names(topic) == ["0.jpg", "1.jpg"]
    asked.clear()
    world.watch(*[nothing] * 3)
    assert sorted(names(topic)) == [f"{number}.jpg" for number in range(5)]
