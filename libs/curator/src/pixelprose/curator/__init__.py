"""The curator: looks after the tables of the lake, and exports what is in them."""

from pixelprose.curator.check import Broker, check_tables
from pixelprose.curator.errors import LakeError, WrongRequest
from pixelprose.curator.facts import TableFacts, facts
from pixelprose.curator.finding import Finding, State
from pixelprose.curator.history import Commit, history
from pixelprose.curator.lake import Lake, LakeTable
from pixelprose.curator.maintenance import Maintained, Maintenance
from pixelprose.curator.upkeep import (
    DayPlan,
    Garbage,
    cluster,
    compact,
    compaction_plan,
    garbage,
    vacuum,
)
from pixelprose.curator.where import Where

__all__ = [
    "Broker",
    "Commit",
    "DayPlan",
    "Finding",
    "Garbage",
    "Lake",
    "LakeError",
    "LakeTable",
    "Maintained",
    "Maintenance",
    "State",
    "TableFacts",
    "Where",
    "WrongRequest",
    "check_tables",
    "cluster",
    "compact",
    "compaction_plan",
    "facts",
    "garbage",
    "history",
    "vacuum",
]
