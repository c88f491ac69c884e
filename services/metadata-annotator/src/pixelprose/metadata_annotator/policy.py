"""The annotation policy: what is done about personal data and toxicity. Data, not code."""

from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from pixelprose.records import Toxicity, codes, policy_hash

SHIPPED: Final = Path(str(files("pixelprose.metadata_annotator"))) / "policies" / "annotation.yaml"


def _known_type(name: str) -> str:
    if name not in codes().pii_types:
        raise ValueError(f"codes.yaml has no type {name!r} of personal data")
    return name


def _known_label(name: str) -> str:
    if name not in Toxicity.__struct_fields__:
        raise ValueError(f"{name!r} is no toxicity score")
    return name


PiiType = Annotated[str, AfterValidator(_known_type)]
ToxicityLabel = Annotated[str, AfterValidator(_known_label)]
Share = Annotated[float, Field(ge=0, le=1)]
Region = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class PolicyError(ValueError):
    """The policy can't be used; the message says where and why."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class PiiRule(_Part):
    """What is done with one type of personal data, from which score on."""

    action: Literal["mask", "keep"]
    minimum_score: Share


class PiiPolicy(_Part):
    """A rule for each type that is looked for; other types are not looked for."""

    phone_regions: tuple[Region, ...] = Field(min_length=1)
    rules: dict[PiiType, PiiRule] = Field(min_length=1)


class RejectPolicy(_Part):
    """Which captions are rejected: a score at or above its threshold, a type that was found."""

    toxicity: dict[ToxicityLabel, Annotated[float, Field(gt=0, le=1)]]
    pii: tuple[PiiType, ...]


class TextCheckPolicy(_Part):
    """When a quoted text counts as read in the image."""

    minimum_similarity: Share


class AnnotationPolicy(_Part):
    """A named and versioned policy without defaults; `hash` identifies its content."""

    name: str = Field(min_length=1)
    version: int = Field(ge=1)
    pii: PiiPolicy
    reject: RejectPolicy
    text_check: TextCheckPolicy
    alt_text_characters: int = Field(ge=1, le=100_000)

    @property
    def label(self) -> str:
        """Name and version, as rows carry them."""
        return f"{self.name}/{self.version}"

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) of the canonical policy: comments and order do not count."""
        return policy_hash(self.model_dump(mode="json"))


def load_policy(path: Path) -> AnnotationPolicy:
    """Read a policy from YAML.

    Raises:
        PolicyError: there is no such file, it is no YAML, or a field is missing, wrong or unknown.
    """
    try:
        policy = AnnotationPolicy.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PolicyError(f"annotation policy {path} can't be read: {error}") from error
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'the document'}: {e['msg']}" for e in error.errors()
        )
        raise PolicyError(f"annotation policy {path} is not valid: {wrong}") from error
    if blind := sorted(set(policy.reject.pii) - policy.pii.rules.keys()):
        detail = f"rejects {', '.join(blind)}, but has no rule to find it"
        raise PolicyError(f"annotation policy {path} {detail}")
    return policy
