"""Why a service ended: one code per reason, so that a supervisor can tell them apart."""

from enum import IntEnum
from typing import Self


class ExitCode(IntEnum):
    """Exit codes of every service. 0 is a clean drain; codes from 64 follow sysexits.h.

    Attributes:
        meaning: what happened.
        advice: what a person, or a supervisor, does about it.
    """

    meaning: str
    advice: str

    def __new__(cls, code: int, meaning: str = "", advice: str = "") -> Self:
        """Make a code of its number and what is said of it."""
        made = int.__new__(cls, code)
        made._value_ = code
        made.meaning, made.advice = meaning, advice
        return made

    DRAINED = 0, "It was told to stop, and all work in flight is committed.", "Nothing."
    CRASHED = 1, "An error nobody expected: a bug.", "Report it, with its trace."
    BAD_CONFIGURATION = (
        64,
        "A setting, model, list, policy or topic is missing or wrong.",
        "Read the message: it names the setting, model, list or topic.",
    )
    UNAVAILABLE = (
        69,
        "A dependency did not answer within the deadline.",
        "Let the supervisor start it again; look at the dependency that it names.",
    )
    FENCED = (
        70,
        "Another process has this one's identity, or this one stood still for a minute.",
        "Let the supervisor start it again; if it comes again, give each replica its own slot.",
    )
    CLIENT_BROKEN = (
        71,
        "The Kafka client cannot go on.",
        "Let the supervisor start it again.",
    )
    FUSE_BLOWN = (
        72,
        "Too many records failed in ways nobody expected.",
        "Look at the dead letters and at the last release: a bug, or a bad model.",
    )
    HUNG = (
        73,
        "The watchdog ended a process whose loop stood still.",
        "Let the supervisor start it again; report it, with the stacks on standard error.",
    )
    POSITION_LOST = (
        74,
        "The group has no valid position on a partition.",
        "Find out why it is gone, then run `pixelprose topics init`.",
    )
    DRAIN_TIMED_OUT = (
        75,
        "Work was still in flight at the drain deadline; it stays uncommitted and is redone.",
        "Nothing is lost; raise `runner.drain_seconds`.",
    )
    RECORDS_LOST = (
        76,
        "Records were deleted, or passed over, before they were read.",
        "Read which; redrive what can be had again, then start once with `sink.gaps: accept`.",
    )
