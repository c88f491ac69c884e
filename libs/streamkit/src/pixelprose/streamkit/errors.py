"""Errors, named by who must act.

StreamError
├── Undecodable     the record's bytes are broken: dead letter, carry on
├── Unavailable     a dependency does not answer: wait, then stop with the work uncommitted
├── OutputTooLarge  the log refuses some outputs: their records become dead letters
└── Stop            this process can't go on: exit with the code it carries
"""

from pixelprose.streamkit.exit_codes import ExitCode


class StreamError(Exception):
    """Base of every error this library raises on purpose."""


class Undecodable(StreamError):
    """These bytes can never be read as the record they claim to be."""


class Unavailable(StreamError):
    """The dependency `name` did not answer; the same record may succeed later."""

    def __init__(self, name: str, detail: str = "") -> None:
        super().__init__(f"{name}: {detail}" if detail else name)
        self.name = name


class OutputTooLarge(StreamError):
    """Nothing was committed, because the log can't hold the outputs at these indexes."""

    def __init__(self, outputs: frozenset[int]) -> None:
        super().__init__(f"{len(outputs)} outputs are over the size limit")
        self.outputs = outputs


class Stop(StreamError):
    """The process must end with `code`; the supervisor decides what comes next."""

    def __init__(self, code: ExitCode, detail: str) -> None:
        super().__init__(detail)
        self.code = code
