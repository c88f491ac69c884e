"""How a command of `pixelprose` ended; services have codes of their own (`ExitCode`)."""

from enum import IntEnum
from typing import Self


class CommandExit(IntEnum):
    """Exit codes of the command line.

    Attributes:
        meaning: what happened.
    """

    meaning: str

    def __new__(cls, code: int, meaning: str = "") -> Self:
        """Make a code of its number and what is said of it."""
        made = int.__new__(cls, code)
        made._value_, made.meaning = code, meaning
        return made

    DONE = 0, "Done, or nothing to do; a check found nothing wrong."
    FAILED = (
        1,
        "Not done, or not all of it, or a check found something; the message says why.",
    )
    WRONG_USAGE = (
        2,
        "A command, an argument, an option or its value means nothing here; nothing was done.",
    )
    SOME_REFUSED = 3, "Done, but some can't be put back; each is named."
    NOT_FOUND = 4, "What was asked for is nowhere; the message says where was looked."
    INTERRUPTED = 130, "Ctrl-C: what was in flight is finished; repeat the command to go on."
