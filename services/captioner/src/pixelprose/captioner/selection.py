"""The selection: which images are worth a caption, as a named expression over their fields."""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from pixelprose.captioner.documents import read_document
from pixelprose.captioner.expression import Condition, EvaluationFailed, InvalidExpression
from pixelprose.captioner.fields import fields_of
from pixelprose.records import CaptionGenerated, ImageAnnotated, policy_hash
from pixelprose.streamkit import DeadLetter, ExitCode, Reject, Stop

_FIELDS: Final = fields_of(ImageAnnotated)


class SelectionRules(BaseModel):
    """What a selection's file says. `expression` is CEL over the fields of ImageAnnotated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: int = Field(ge=1)
    expression: str = Field(min_length=1)


class Selection:
    """Decides by the fields of an image alone.

    Raises:
        InvalidExpression: an unknown field, a wrong type, or no boolean.
    """

    def __init__(self, rules: SelectionRules) -> None:
        variables = {name: field.type for name, field in _FIELDS.items()}
        self._condition = Condition(rules.expression, variables=variables)
        self._fields = tuple(_FIELDS[name] for name in self._condition.used)
        self.name = f"{rules.name}/{rules.version}"
        self.hash = policy_hash(rules.model_dump(mode="json"))

    def refusal(self, image: ImageAnnotated) -> Reject[CaptionGenerated] | DeadLetter | None:
        """Return why the image gets no caption, or None if it is worth one."""
        values = {field.name: field.of(image) for field in self._fields}
        try:
            if self._condition.holds(values):
                return None
        except EvaluationFailed as error:
            return DeadLetter("selection_failed", f"selection {self.name}: {error}")
        return Reject("not_selected", f"selection {self.name}", _scores(values))


def read_selection(source: str) -> Selection:
    """Return the selection that `source` names: packaged, or a path.

    Raises:
        Stop: it is missing, or not valid.
    """
    rules = read_document(source, SelectionRules)
    try:
        return Selection(rules)
    except InvalidExpression as error:
        detail = f"the expression of selection {source!r} is not valid; correct it: {error}"
        raise Stop(ExitCode.BAD_CONFIGURATION, detail) from error


def _scores(values: Mapping[str, object]) -> dict[str, float]:
    """The numbers among `values`, those inside maps as `name.key`."""
    numbers: dict[str, float] = {}
    for name, value in values.items():
        if isinstance(value, int | float):
            numbers[name] = float(value)
        elif isinstance(value, dict):
            numbers |= _scores({f"{name}.{key}": inner for key, inner in value.items()})
    return numbers
