"""Why a service ended: one code per reason, so that a supervisor can tell them apart."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every service. 0 is a clean drain; codes from 64 follow sysexits.h."""

    DRAINED = 0
    CRASHED = 1
    """An error nobody expected: a bug."""
    BAD_CONFIGURATION = 64
    """A setting, model, list, policy or topic is missing or wrong: a person must act."""
    UNAVAILABLE = 69
    """A dependency did not answer within the deadline: restart and try again."""
    FENCED = 70
    """Another process has this one's identity, or this one was stopped for longer than its
    transaction may last: restart. If it comes again, give each process a slot of its own."""
    CLIENT_BROKEN = 71
    """The Kafka client cannot go on: restart."""
    FUSE_BLOWN = 72
    """Too many records failed in ways nobody expected: a person must act."""
    HUNG = 73
    """The watchdog ended a process whose loop stood still: restart."""
    POSITION_LOST = 74
    """The group has no valid position on a partition: a person must act (`topics init`)."""
    DRAIN_TIMED_OUT = 75
    """Work was still in flight at the drain deadline; it stays uncommitted and is redone."""
    RECORDS_LOST = 76
    """Records were deleted, or passed over, before they were read: a person must act."""
