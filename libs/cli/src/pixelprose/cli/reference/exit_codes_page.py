"""What every exit code means, and what to do."""

from pixelprose.cli.exit_codes import CommandExit
from pixelprose.cli.reference.markdown import table, title
from pixelprose.cli.supervisor import NEEDS_A_PERSON
from pixelprose.streamkit import ExitCode

_SUPERVISOR = """\
A supervisor may start a service again after every code but {}: after these nothing would
change until a person acts.
"""


def page() -> str:
    """Return the page."""
    services = ((str(int(one)), _name(one.name), one.meaning, one.advice) for one in ExitCode)
    commands = ((str(int(one)), _name(one.name), one.meaning) for one in CommandExit)
    return "\n".join(
        [
            title("Exit codes", source="`ExitCode` and `CommandExit`"),
            "## Services\n",
            _SUPERVISOR.format(", ".join(str(int(one)) for one in sorted(NEEDS_A_PERSON))),
            table(("code", "name", "meaning", "what to do"), services),
            "## The command `pixelprose`\n",
            table(("code", "name", "meaning"), commands),
        ]
    )


def _name(name: str) -> str:
    return name.lower().replace("_", " ")
