"""The doctor is red where something must be mended, and warns where it may be left."""

import json
from pathlib import Path

import pytest
from pydantic import SecretStr
from rich.console import Console
from typer.testing import CliRunner

from pixelprose.cli import doctor
from pixelprose.cli.app import app
from pixelprose.cli.client_settings import ClientSettings
from pixelprose.cli.doctor import Finding, run_doctor
from pixelprose.kafkalog import KafkaSettings
from pixelprose.objectstore import StoreError, StoreLacks, StoreRefused, StoreSettings

STORE = StoreSettings(
    endpoint="http://s", bucket="pictures", access_key="k", secret_key=SecretStr("s" * 8)
)


class Rules:
    """A bucket's rules, or why they can't be had."""

    def __init__(self, found: dict[str, int] | StoreError) -> None:
        self.found = found

    def __call__(self, _settings: StoreSettings) -> "Rules":
        return self

    def days(self) -> dict[str, int]:
        if isinstance(self.found, StoreError):
            raise self.found
        return self.found

    def close(self) -> None:
        """Nothing to release."""


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A sound machine with a sound broker, and a store that is only asked for its rules."""
    settings = ClientSettings(kafka=KafkaSettings(bootstrap_servers="b:1"), store=STORE)
    monkeypatch.setattr(doctor, "client_settings", lambda _: settings)
    monkeypatch.setattr(doctor, "_machine", lambda: iter([Finding("a machine")]))
    monkeypatch.setattr(doctor, "_kafka", lambda _: iter([Finding("a broker")]))
    monkeypatch.setattr(doctor, "open_store", lambda _: None)
    monkeypatch.setattr(doctor, "probe", lambda _: None)
    return monkeypatch


@pytest.mark.parametrize(
    ("found", "mark", "well"),
    [
        ({"quarantine/": 7, "receipts/": 30}, "✓ objects expire: quarantine/ after 7 d", True),
        (StoreLacks("501"), "! objects do not expire", True),
        (StoreRefused("403"), "✗ the store has no rules", False),
        ({"quarantine/": 7}, "✗ objects expire: quarantine/ after 7 d", False),
    ],
)
def test_a_store_is_red_only_for_rules_that_it_could_have(
    machine: pytest.MonkeyPatch, found: dict[str, int] | StoreError, mark: str, *, well: bool
) -> None:
    machine.setattr(doctor, "Expiry", Rules(found))
    console = Console(width=80)
    with console.capture() as said:
        assert run_doctor(None, console) is well
    assert mark in said.get()


def test_a_warning_says_what_stays_and_to_programs_that_it_is_none_of_urgency(
    machine: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    machine.chdir(tmp_path)
    machine.setattr(doctor, "Expiry", Rules(StoreLacks("501")))
    said = CliRunner().invoke(app, ["doctor", "--json"])
    assert said.exit_code == 0
    (warning,) = (one for one in json.loads(said.stdout) if one["advice"])
    assert not warning["urgent"]
    assert "quarantine/ and receipts/ only grow" in warning["advice"]
