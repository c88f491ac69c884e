"""A position ahead of its output is found, and a marker that is late is not taken for one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest

from chaos.observer import Observer, Sample
from chaos.pipeline import FETCHED, RETRY_TOPICS, SINKS, STEPS, SUBMITTED, TIERS
from chaos.positions import Lane, Positions
from chaos.store_view import StoreView
from chaos.topics_view import Spot, TopicsReader, TopicsView

WHO = ("s0", 0)


@dataclass
class Broker:
    """Positions, ends and a reader's progress, as the test says."""

    position: int = 0
    retried: int = 0
    stable: dict[Lane, int] = field(default_factory=dict)
    highest: dict[Lane, int] = field(default_factory=dict)

    def committed(self) -> dict[str, dict[int, int]]:
        return {"ingester": {0: self.position}, TIERS[0].name: {0: self.retried}}

    def stable_ends(self, topics: Sequence[str]) -> dict[Lane, int]:  # noqa: ARG002 - all
        return dict(self.stable)

    def ends(self, topics: Sequence[str]) -> dict[Lane, int]:  # noqa: ARG002 - all
        return dict(self.highest)

    def behind(self, ends: dict[Lane, int]) -> bool:
        return any(self.stable.get(lane, 0) < end for lane, end in ends.items())


class EmptyTables:
    """No row anywhere."""

    def tries(self, table: str) -> set[tuple[str, int]]:
        assert table in {step.writes for step in SINKS}
        return set()


@pytest.fixture
def broker() -> Broker:
    return Broker(position=1)


@pytest.fixture
def view() -> TopicsView:
    view = TopicsView({})
    view.inputs[SUBMITTED, 0].append((0, WHO))
    return view


@pytest.fixture
def observer(broker: Broker, view: TopicsView) -> Observer:
    asked, reader = cast("Positions", broker), cast("TopicsReader", broker)
    return Observer(asked, reader, view, cast("StoreView", EmptyTables()), "t.")


def test_an_output_below_the_ends_is_in_time(observer: Observer, view: TopicsView) -> None:
    view.outputs[FETCHED][WHO] = Spot((FETCHED, 0), 0)
    observer.look()
    observer.finish(seconds=1.0)
    assert observer.ahead == []
    assert observer.checked == 1


def test_a_position_without_any_output_is_ahead(observer: Observer) -> None:
    observer.look()
    observer.finish(seconds=1.0)
    assert [(one.group, one.offset, one.who) for one in observer.ahead] == [("ingester", 0, WHO)]


def test_what_was_sent_twice_is_judged_when_both_lie_below_the_position(
    observer: Observer, broker: Broker, view: TopicsView
) -> None:
    view.inputs[SUBMITTED, 0].append((9, WHO))
    view.deliveries[SUBMITTED, WHO] = [(0, 0), (0, 9)]
    observer.look()
    observer.finish(seconds=1.0)
    assert observer.ahead == []
    broker.position = 10
    observer.look()
    observer.finish(seconds=1.0)
    assert [one.offset for one in observer.ahead] == [9]


def test_a_position_before_its_input_says_nothing(observer: Observer, broker: Broker) -> None:
    broker.position = 0
    observer.look()
    observer.finish(seconds=1.0)
    assert observer.ahead == []


def test_an_output_whose_marker_comes_late_is_in_time(
    observer: Observer, broker: Broker, view: TopicsView
) -> None:
    broker.stable, broker.highest = {(FETCHED, 0): 5}, {(FETCHED, 0): 6}
    observer.look()
    assert observer.ahead == []
    view.outputs[FETCHED][WHO] = Spot((FETCHED, 0), 5)
    broker.stable = {(FETCHED, 0): 7}
    observer.look()
    observer.finish(seconds=1.0)
    assert observer.ahead == []


def test_an_output_written_after_the_position_was_ahead_of_it(
    observer: Observer, broker: Broker, view: TopicsView
) -> None:
    broker.stable, broker.highest = {(FETCHED, 0): 5}, {(FETCHED, 0): 6}
    observer.look()
    view.outputs[FETCHED][WHO] = Spot((FETCHED, 0), 8)
    broker.stable = broker.highest = {(FETCHED, 0): 10}
    observer.look()
    assert [one.who for one in observer.ahead] == [WHO]


def test_what_was_put_off_in_time_and_ended_later_is_in_time(
    observer: Observer, broker: Broker, view: TopicsView
) -> None:
    tier = RETRY_TOPICS[0]
    broker.stable = {(tier, 0): 5, (FETCHED, 0): 8}
    broker.highest = {(tier, 0): 6, (FETCHED, 0): 8}
    observer.look()
    view.outputs[tier][WHO] = Spot((tier, 0), 5)
    view.outputs[FETCHED][WHO] = Spot((FETCHED, 0), 8)
    broker.stable = broker.highest = {(tier, 0): 7, (FETCHED, 0): 10}
    observer.look()
    assert observer.ahead == []


def test_a_record_that_came_back_must_end_or_be_put_off_again(
    observer: Observer, broker: Broker, view: TopicsView
) -> None:
    first, second = RETRY_TOPICS[:2]
    for who in (WHO, ("s1", 0)):
        view.outputs[first][who] = Spot((first, 0), 0)
    view.inputs[first, 0] += [(0, WHO), (1, ("s1", 0))]
    view.outputs[second]["s1", 0] = Spot((second, 0), 0)
    broker.retried = 2
    observer.look()
    observer.finish(seconds=1.0)
    assert [(one.group, one.who) for one in observer.ahead] == [(TIERS[0].name, WHO)]


def test_transactions_that_never_end_leave_a_violation(observer: Observer, broker: Broker) -> None:
    broker.stable, broker.highest = {(FETCHED, 0): 5}, {(FETCHED, 0): 6}
    observer.look()
    observer.finish(seconds=1.0)
    assert [one.who for one in observer.ahead] == [WHO]


def test_a_partition_with_records_and_no_position_is_not_done() -> None:
    ingester = STEPS[0]
    ends = {(SUBMITTED, 0): 5, (SUBMITTED, 1): 7, (SUBMITTED, 2): 0, (FETCHED, 3): 9}
    assert Sample(0.0, {"ingester": {0: 5}}, ends).waiting(ingester) == {1: -1}
    assert Sample(0.0, {"ingester": {0: 4, 1: 7}}, ends).waiting(ingester) == {0: 4}
    assert Sample(0.0, {"ingester": {0: 5, 1: 7}}, ends).waiting(ingester) == {}
