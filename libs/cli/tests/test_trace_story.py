"""What a trace makes of its clue and its events, without a broker."""

from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from pixelprose.cli.errors import CommandError
from pixelprose.cli.slowly import PATIENCE_SECONDS, Slowly
from pixelprose.cli.trace.clue import Clue, Known, clue
from pixelprose.cli.trace.event import Event, Kind
from pixelprose.cli.trace.lanes import keyed_topics, other_topics
from pixelprose.cli.trace.story import Trace, stories
from pixelprose.cli.trace.view import document
from pixelprose.records import image_id, topic_list

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ID, OTHER = "a" * 64, "b" * 64


def event(
    kind: Kind,
    *,
    attempt: int = 0,
    why: str = "",
    place: str = "",
    by: str = "ingester 1",
    at: int = 0,
) -> Event:
    return Event(
        at=NOON + timedelta(seconds=at),
        kind=kind,
        submission_id=ID,
        attempt=attempt,
        place=place or f"{kind}:{attempt}:{at}",
        by=by,
        why=why,
    )


class TestClue:
    def test_a_url_is_spelled_as_the_ingester_does(self) -> None:
        found = clue("HTTPS://Example.org:443/a.jpg#top")
        assert found.url == "https://example.org/a.jpg"
        assert found.image == image_id("https://example.org/a.jpg")

    def test_digits_are_an_id_or_its_beginning(self) -> None:
        assert clue(ID.upper()) == Clue(digest=ID)
        assert clue(f" {ID[:12]} ") == Clue(beginning=ID[:12])

    @pytest.mark.parametrize("text", ["", "abc", "photo.jpg", "a" * 65, "g" * 64])
    def test_anything_else_is_refused_with_what_is_known(self, text: str) -> None:
        with pytest.raises(CommandError, match="submission_id"):
            clue(text)

    def test_an_id_means_a_record_that_has_it_in_any_place(self) -> None:
        known = Known(Clue(digest=ID))
        assert known.means(ID)
        assert known.means(OTHER, ID)
        assert known.means(OTHER, None, ID)
        assert not known.means(OTHER, OTHER, None)
        assert not known.means(None, None)

    def test_a_beginning_means_submissions_alone(self) -> None:
        known = Known(Clue(beginning=ID[:8]))
        assert known.means(ID)
        assert not known.means(OTHER, ID, ID)


class TestStory:
    def test_the_highest_attempt_says_how_it_ended(self) -> None:
        (story,) = stories(
            [event("published", attempt=1), event("rejected", why="timeout"), event("submitted")]
        )
        assert story.state == "captioned"

    def test_several_ends_of_one_attempt_are_all_told(self) -> None:
        (story,) = stories([event("published"), event("rejected", why="cut_off", at=1)])
        assert story.state == "captioned, rejected: cut_off"

    def test_rows_tell_the_end_when_the_topics_are_gone(self) -> None:
        (story,) = stories([event("row", place="table rejections", why="nsfw", by="sink")])
        assert story.state == "rejected: nsfw"

    @pytest.mark.parametrize(
        ("kind", "topic", "state"),
        [
            ("submitted", "pixelprose.images.submitted.v1", "in work: ingester is next"),
            ("fetched", "pixelprose.images.fetched.v1", "in work: safety-filter is next"),
            ("annotated", "pixelprose.images.annotated.v1", "in work: captioner is next"),
        ],
    )
    def test_without_an_end_it_says_who_is_next(self, kind: Kind, topic: str, state: str) -> None:
        (story,) = stories([event(kind, place=f"{topic}:0:1")])
        assert story.state == state

    def test_a_passing_is_left_out_where_its_record_is_there(self) -> None:
        hops = [event("passed on", place="x:0:1"), event("passed on", place="y:0:1", by="sink 1")]
        (story,) = stories([event("fetched", at=1), *hops])
        assert [(one.kind, one.by) for one in story.events] == [
            ("passed on", "sink 1"),
            ("fetched", "ingester 1"),
        ]

    def test_what_two_looks_found_is_told_once(self) -> None:
        (story,) = stories([event("fetched"), event("fetched")])
        assert len(story.events) == 1

    def test_one_blocked_submission_silences_everything(self) -> None:
        trace = Trace(stories([event("fetched"), event("rejected", why="blocked")]), (), ("x",))
        assert document(trace, personal=True) == {"state": "blocked"}


def test_every_topic_is_looked_at_but_those_for_reviewers_and_takedowns() -> None:
    looked = {"pixelprose.images.submitted.v1", *keyed_topics(), *other_topics()}
    every = {
        *(topic.name for topic in topic_list().topics),
        *topic_list().dead_letter_topics(),
        *topic_list().retry_topics(),
    }
    assert every - looked == {"pixelprose.safety.incidents.v1", "pixelprose.takedowns.v1"}


def test_a_bar_shows_after_two_seconds_and_not_before() -> None:
    now, seen = [0.0], []
    with Slowly(Console(quiet=True), clock=lambda: now[0]) as slowly:
        advance = slowly("topics", 10)

        def look() -> None:
            advance(1)
            seen.append(slowly.visible)

        look()
        now[0] = PATIENCE_SECONDS
        look()
        slowly.hide()
        look()
        now[0] += PATIENCE_SECONDS
        look()
    assert [*seen, slowly.visible] == [False, True, False, True, False]
