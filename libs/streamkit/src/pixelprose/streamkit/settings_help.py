"""A table of every setting, for `--help`."""

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pixelprose.streamkit.settings import NESTED, PREFIX


def describe(settings: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield two lines per setting: its variable and default, then what it means."""
    for name, field in settings.model_fields.items():
        here = (*path, name)
        inner = _section(field.annotation)
        if inner is not None:
            yield from describe(inner, here)
            continue
        variable = PREFIX + NESTED.join(here).upper()
        yield f"  {variable}  {_default(field)}"
        if field.description:
            yield f"      {field.description}"


def _section(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - a type annotation
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "(required)"
    default = field.get_default(call_default_factory=True, validated_data={})
    return "(none)" if default is None else f"[{default}]"
