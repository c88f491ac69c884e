"""The doctor and what the broker keeps of idle groups."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka.admin import AdminClient

from pixelprose.cli import doctor

YEAR_MINUTES = 365 * 24 * 60


class Broker:
    """Answers as one with this retention."""

    def __init__(self, minutes: int) -> None:
        self._minutes = minutes

    def list_topics(self, *, timeout: float) -> SimpleNamespace:
        del timeout
        return SimpleNamespace(brokers={7: None})

    def describe_configs(self, asked: list[Any]) -> Mapping[Any, SimpleNamespace]:
        (broker,) = asked
        assert broker.name == "7"
        entry = SimpleNamespace(value=str(self._minutes))
        config = {"offsets.retention.minutes": entry}
        return {broker: SimpleNamespace(result=lambda _: config)}


@pytest.mark.parametrize(
    ("minutes", "well"),
    [(7 * 24 * 60, False), (YEAR_MINUTES - 1, False), (YEAR_MINUTES, True)],
    ids=["Kafka's default", "nearly a year", "a year"],
)
def test_positions_of_idle_groups_must_be_kept_for_a_year(minutes: int, *, well: bool) -> None:
    found = doctor._offsets_retention(cast("AdminClient", Broker(minutes)))
    assert f"kept for {minutes // 1440} days" in found.what
    assert bool(found.advice) is not well
    if not well:
        assert f"set offsets.retention.minutes={YEAR_MINUTES} on the brokers" in found.advice
