"""Every machine by its name, and its share of the schedules."""

from hypothesis.stateful import RuleBasedStateMachine
from tests.schedules.group import Group
from tests.schedules.ingest import Ingest
from tests.schedules.lake import Sinks

MACHINES: dict[str, type[RuleBasedStateMachine]] = {
    "group": Group,
    "sinks": Sinks,
    "ingest": Ingest,
}

SHARES = {"group": 5, "sinks": 3, "ingest": 2}
