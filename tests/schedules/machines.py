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

SLICE = {"group": 200, "sinks": 100, "duplicates": 100, "ingest": 200}
"""What `make test` runs of each, from seed 0; a known bug must be caught within as many."""
