"""Which bug is put back where; it must be caught within the schedules that `make test` runs."""

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis.stateful import RuleBasedStateMachine
from tests.mutations import bugs
from tests.schedules.duplicates import Duplicates
from tests.schedules.explore import explore
from tests.schedules.group import Group
from tests.schedules.ingest import Ingest
from tests.schedules.lake import Sinks
from tests.schedules.machines import MACHINES, SLICE

from pixelprose.kafkalog.settings import Configuration

ROOT = Path(__file__).parents[2]
SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Caught:
    """The check that failed, and after how many schedules."""

    by: str
    after: int


@dataclass(frozen=True)
class InSchedules:
    """A bug in the code that a machine drives: `put_back` takes the place of its attributes."""

    name: str
    machine: type[RuleBasedStateMachine]
    put_back: Mapping[str, Any]

    def caught(self, *, seed: int = SEEDS[0]) -> Caught | None:
        """Run with the bug as many schedules as `make test`; with no bug this is the control."""
        within = next(SLICE[name] for name, one in MACHINES.items() if one is self.machine)
        mutant = type(self.machine.__name__, (self.machine,), dict(self.put_back))
        found = explore(mutant, schedules=within, start=seed, shrink=False)
        if found.error is None:
            return None
        if not isinstance(found.error, AssertionError):
            raise found.error
        return Caught(f"{self.machine.__name__}: {_first_line(found.error)}", found.failed_after)


@dataclass(frozen=True)
class InConfiguration:
    """A log that gives its consumer another setting; the test of what is given must refuse it."""

    name: str
    changes: Configuration

    def caught(self, *, seed: int = SEEDS[0]) -> Caught | None:
        """Run the test with the code as it is, then with the bug; it draws nothing."""
        del seed
        module = _loaded(ROOT / "libs/kafkalog/tests/test_subscribe.py")
        check: Callable[[pytest.MonkeyPatch], None] = (
            module.test_the_consumer_is_given_what_reads_committed_records_and_guesses_no_position
        )
        with pytest.MonkeyPatch.context() as patch:
            check(patch)
        module.KafkaLog = bugs.overriding(self.changes)
        try:
            with pytest.MonkeyPatch.context() as patch:
                check(patch)
        except AssertionError:
            return Caught(check.__name__, 1)
        return None


@dataclass(frozen=True)
class InTest:
    """A bug in code that one test holds: `put_back` takes the place of names in its module."""

    name: str
    file: str
    test: str
    put_back: Mapping[str, Any]

    def caught(self, *, seed: int = SEEDS[0]) -> Caught | None:
        """Run the test with the bug; it draws nothing."""
        del seed
        module = _loaded(ROOT / self.file)
        check: Callable[[], None] = getattr(module, self.test)
        check()
        for name, bug in self.put_back.items():
            assert issubclass(bug, getattr(module, name))
            setattr(module, name, bug)
        try:
            check()
        except AssertionError:
            return Caught(self.test, 1)
        return None


Mutation = InSchedules | InConfiguration | InTest

MUTATIONS: tuple[Mutation, ...] = (
    InSchedules(
        "offsets committed before outputs", Group, {"log_class": bugs.OffsetsBeforeOutputs}
    ),
    InSchedules("work of revoked partitions kept", Group, {"runner_class": bugs.KeepsRevokedWork}),
    InConfiguration("auto-commit on, as Kafka's client is told", {"enable.auto.commit": True}),
    InSchedules("auto-commit on, as the loop feels it", Group, {"log_class": bugs.AutoCommit}),
    InConfiguration(
        "earliest for a lost position, as Kafka's client is told", {"auto.offset.reset": "earliest"}
    ),
    InSchedules(
        "earliest for a lost position, as the loop feels it",
        Group,
        {"log_class": bugs.GuessesEarliest},
    ),
    InSchedules("one window for all partitions", Group, {"runner_class": bugs.GlobalWindow}),
    InSchedules(
        "finished work discarded when a commit fails",
        Group,
        {"runner_class": bugs.DiscardsAfterAFailedCommit},
    ),
    InSchedules("pause flag not cleared on revoke", Group, {"runner_class": bugs.KeepsThePause}),
    InSchedules(
        "no word of leave from an owner that ends in order",
        Group,
        {"runner_class": bugs.TakesNoLeave},
    ),
    InSchedules(
        "a commit of unknown end made again at a stop",
        Group,
        {"runner_class": bugs.CommitsAgainAtAStop},
    ),
    InSchedules(
        "a drain that ends without its last commit",
        Group,
        {"runner_class": bugs.DrainsWithoutACommit},
    ),
    InSchedules("claim before receipt", Ingest, {"step_class": bugs.ClaimsBeforeTheReceipt}),
    InSchedules(
        "a replayed object taken for a duplicate",
        Ingest,
        {"step_class": bugs.TakesAReplayForADuplicate},
    ),
    InSchedules(
        "table commit by path instead of on the read handle",
        Sinks,
        {"table_class": bugs.CommitsByPath},
    ),
    InSchedules("no comparison after a reload", Sinks, {"guarded_class": bugs.ComparesOnce}),
    InSchedules(
        "sink offsets before the table commit",
        Sinks,
        {"table_log_class": bugs.OffsetsBeforeTheTable},
    ),
    InSchedules(
        "the consumer's position written to the table",
        Sinks,
        {"table_log_class": bugs.WritesTheConsumersPosition},
    ),
    InSchedules(
        "the partition's identity in the table from its topic's name",
        Sinks,
        {"app_of": staticmethod(bugs.names_the_topic_alone)},
    ),
    InTest(
        "the same where identities are asked for",
        "services/sink/tests/test_positions.py",
        "test_a_partition_is_known_by_its_cluster_its_topic_s_identity_and_its_number",
        {"Positions": bugs.NamesTheTopicAlone},
    ),
    InTest(
        "the same in a dead letter's row_id",
        "services/sink/tests/test_letters.py",
        "test_a_letter_of_a_topic_made_anew_is_no_older_one",
        {"LetterCodec": bugs.NamesALetterByItsTopic},
    ),
    InSchedules(
        "a refused row forgotten after a crash between the commits",
        Duplicates,
        {"guarded_class": bugs.ForgetsWhatItRefused},
    ),
    InSchedules(
        "a row that is there refused as a duplicate of itself",
        Duplicates,
        {"table_class": bugs.KnowsNoOwner},
    ),
    InSchedules(
        "rejections of refused rows beside the commit of positions",
        Duplicates,
        {"table_log_class": bugs.RejectsBesideTheCommit},
    ),
)


CONTROLS: tuple[InSchedules, ...] = tuple(
    InSchedules(f"{name}, as it is", machine, {}) for name, machine in MACHINES.items()
)
"""The code as it is must pass the same checks. At seed 0 this is `tests/schedules` itself."""


def _first_line(error: AssertionError) -> str:
    return str(error).partition("\n")[0] or "an assertion"


def _loaded(path: Path) -> Any:  # noqa: ANN401 - a module has any names
    spec = importlib.util.spec_from_file_location(f"mutated_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
