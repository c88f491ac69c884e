"""The producer of submissions is one that loses nothing while partitions change leaders."""

from typing import Any

import pytest

from pixelprose.cli import submit
from pixelprose.kafkalog import KafkaSettings
from pixelprose.records import RegistrySettings


def test_it_writes_each_once_and_has_one_request_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []
    monkeypatch.setattr(submit, "Producer", seen.append)
    kafka = KafkaSettings(bootstrap_servers="127.0.0.1:1")
    submit.Submitter(kafka, RegistrySettings(), source="s", identity="i")
    (configuration,) = seen
    assert configuration["enable.idempotence"] is True
    assert configuration["max.in.flight.requests.per.connection"] == 1
