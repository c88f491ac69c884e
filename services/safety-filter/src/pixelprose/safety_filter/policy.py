"""The safety policy: which hashes count as known and which scores as unsafe. Data, not code."""

from collections.abc import Mapping
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from pixelprose.records import policy_hash

SHIPPED: Final = Path(str(files("pixelprose.safety_filter"))) / "policies" / "safety.yaml"
PDQ_BITS: Final = 256

Distance = Annotated[int, Field(ge=0, lt=PDQ_BITS // 2)]  # half of the bits differ by chance
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class PolicyError(ValueError):
    """The policy can't be used; the message says where and why."""


class _Rules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KnownHashRules(_Rules):
    """How near to a known hash is a hit, in bits of Hamming distance."""

    max_distance: Distance
    low_quality_below: int = Field(ge=0, le=100)
    low_quality_max_distance: Distance

    def reach(self, pdq_quality: int) -> int:
        """Distance up to which a PDQ of this quality (0 to 100) counts as known."""
        if pdq_quality < self.low_quality_below:
            return self.low_quality_max_distance
        return self.max_distance


class NsfwRules(_Rules):
    """Which labels of a model are unsafe, and from which score on an image is rejected."""

    unsafe_labels: tuple[Label, ...] = Field(min_length=1)
    safe_labels: tuple[Label, ...]
    reject_from: float = Field(gt=0, le=1)

    def check(self, labels: frozenset[str]) -> None:
        """Accept a model that this policy can judge in full.

        Raises:
            PolicyError: a label is neither safe nor unsafe or both, or none is unsafe.
        """
        unsafe, safe = _folded(self.unsafe_labels), _folded(self.safe_labels)
        said = ", ".join(sorted(labels)) or "none"
        if both := unsafe & safe:
            raise PolicyError(f"labels are both safe and unsafe: {', '.join(sorted(both))}")
        if not unsafe & _folded(labels):
            raise PolicyError(f"the model has none of the unsafe labels; its labels: {said}")
        if unknown := _folded(labels) - unsafe - safe:
            named = ", ".join(sorted(unknown))
            raise PolicyError(f"the model has labels that are neither safe nor unsafe: {named}")

    def score(self, labels: Mapping[str, float]) -> float:
        """The NSFW score in [0, 1]: the probability of all unsafe labels together."""
        unsafe = _folded(self.unsafe_labels)
        return min(1.0, sum(value for label, value in labels.items() if label.casefold() in unsafe))


class SafetyPolicy(_Rules):
    """A named and versioned policy; `hash` identifies its content."""

    name: str = Field(min_length=1)
    version: int = Field(ge=1)
    known_hashes: KnownHashRules
    nsfw: NsfwRules

    @property
    def label(self) -> str:
        """Name and version, as rows carry them."""
        return f"{self.name}/{self.version}"

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) of the canonical policy: comments and order do not count."""
        return policy_hash(self.model_dump(mode="json"))


def load_policy(path: Path) -> SafetyPolicy:
    """Read a policy from YAML.

    Raises:
        PolicyError: there is no such file, it is no YAML, or a field is missing, wrong or unknown.
    """
    try:
        return SafetyPolicy.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PolicyError(f"safety policy {path} can't be read: {error}") from error
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'the document'}: {e['msg']}" for e in error.errors()
        )
        raise PolicyError(f"safety policy {path} is not valid: {wrong}") from error


def _folded(labels: tuple[str, ...] | frozenset[str]) -> frozenset[str]:
    return frozenset(label.casefold() for label in labels)
