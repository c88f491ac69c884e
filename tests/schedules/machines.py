"""Every machine by its name, and its share of the schedules."""

from hypothesis.stateful import RuleBasedStateMachine
from tests.schedules.duplicates import Duplicates
from tests.schedules.group import Group
from tests.schedules.ingest import Ingest
from tests.schedules.lake import Sinks

MACHINES: dict[str, type[RuleBasedStateMachine]] = {
    "group": Group,
    "sinks": Sinks,
    "duplicates": Duplicates,
    "ingest": Ingest,
}

SHARES = {"group": 4, "sinks": 2, "duplicates": 2, "ingest": 2}
