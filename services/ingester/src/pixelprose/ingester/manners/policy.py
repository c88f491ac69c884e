"""The consent policy: which words of a publisher reject. Data, not code."""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, ValidationError

from pixelprose.records import policy_hash
from pixelprose.streamkit import ExitCode, Stop

PACKAGED: Final = Path(__file__).parent.parent / "policies"

Word = Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
Token = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]+$")]


class _Rules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Agent(_Rules):
    """A crawler's token, and where it is described."""

    token: Token
    source: HttpUrl


class RobotsRules(_Rules):
    """Whose groups of robots.txt count beside our own."""

    agents: tuple[Agent, ...]

    @cached_property
    def tokens(self) -> frozenset[str]:
        """The tokens in lower case, as they are compared."""
        return frozenset(agent.token.lower() for agent in self.agents)


class HeaderRules(_Rules):
    """Which words of a header reject."""

    reject: tuple[Word, ...]

    @cached_property
    def words(self) -> frozenset[str]:
        """The words, as they are compared."""
        return frozenset(self.reject)


class ConsentPolicy(_Rules):
    """A named and versioned policy; it has no defaults, so that its hash stands for all."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: int = Field(ge=1)
    robots: RobotsRules
    x_robots_tag: HeaderRules
    tdm_reservation: HeaderRules
    content_usage: HeaderRules

    @property
    def label(self) -> str:
        """Name and version, as records carry them."""
        return f"{self.name}/{self.version}"

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) of every value: comments and order do not count."""
        return policy_hash(self.model_dump(mode="json"))


def load_policy(source: str) -> ConsentPolicy:
    """Return the policy that `source` names: a packaged one, or a path to a YAML file.

    Raises:
        Stop: there is no such file, or it is not valid; without a policy nothing is fetched.
    """
    path = PACKAGED / f"{source}.yaml"
    if not path.is_file():
        path = Path(source)
    try:
        return ConsentPolicy.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        detail = f"consent policy {source!r} can't be used (ingester.manners.consent): {error}"
        raise Stop(ExitCode.BAD_CONFIGURATION, detail) from error
