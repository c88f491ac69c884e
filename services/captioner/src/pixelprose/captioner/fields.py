"""A record's fields as flat, typed variables: `signals.aesthetic`, `image.width`, ..."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, TypeAlias, Union, get_args, get_origin, get_type_hints

import msgspec

Hint: TypeAlias = Any
"""A type annotation as a value: `int`, `dict[str, float]`, `str | None`."""


@dataclass(frozen=True, slots=True)
class Field:
    """One variable: its dotted name, and the type of its value (`X | None` where it may lack)."""

    name: str
    type: Hint

    def of(self, record: msgspec.Struct) -> object:
        """Return the value in `record`; None where a group on the way is None."""
        value: object = record
        for name in self.name.split("."):
            value = None if value is None else getattr(value, name)
        return _plain(value)


def fields_of(record: type[msgspec.Struct]) -> Mapping[str, Field]:
    """Return every field below `record` by its dotted name; groups are walked into."""
    return {field.name: field for field in _walk(record, prefix="", optional=False)}


def _walk(record: type[msgspec.Struct], *, prefix: str, optional: bool) -> list[Field]:
    found: list[Field] = []
    for name, hint in get_type_hints(record).items():
        inner, nullable = _unwrapped(hint)
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            found += _walk(inner, prefix=f"{prefix}{name}.", optional=optional or nullable)
        else:
            found.append(Field(f"{prefix}{name}", inner | None if optional or nullable else inner))
    return found


def _unwrapped(hint: Hint) -> tuple[Hint, bool]:
    """The type without NewType and `| None`, and whether None was allowed."""
    if hasattr(hint, "__supertype__"):
        return _unwrapped(hint.__supertype__)
    if get_origin(hint) in {Union, UnionType}:
        some = [arg for arg in get_args(hint) if arg is not NoneType]
        return (_unwrapped(some[0])[0] if len(some) == 1 else Any), True
    return hint, False


def _plain(value: object) -> object:
    """Groups inside lists as dicts: what expressions can look into."""
    if isinstance(value, msgspec.Struct):
        return {name: _plain(inner) for name, inner in msgspec.structs.asdict(value).items()}
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    return value
