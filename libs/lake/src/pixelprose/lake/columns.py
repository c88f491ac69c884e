"""Every column of a table with its type and its documentation, nested ones by path."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args, get_type_hints

import msgspec
import pyarrow as pa

from pixelprose.lake.arrow import Hint, arrow_type, hints, inner, is_group, is_optional, origin_of
from pixelprose.records.files import NAMESPACE, packaged


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        path: names from the outside in, joined by dots; `[]` for the elements of a list.
        type: for people, such as `string` or `list of struct`.
        nullable: whether it may be null, which then has a meaning.
        doc: one sentence.
    """

    path: str
    type: str
    nullable: bool
    doc: str


def columns_of(row: type[msgspec.Struct]) -> list[Column]:
    """Return the columns of a row class in order, a group before its fields.

    Raises:
        KeyError: a field is documented nowhere.
    """
    return list(_columns(row, ""))


def _columns(group: type[msgspec.Struct], above: str) -> Iterator[Column]:
    for name, hint in hints(group).items():
        path, kind = f"{above}{name}", inner(hint)
        yield Column(path, _words(kind), is_optional(hint), _doc(group, name))
        if is_group(kind):
            yield from _columns(kind, f"{path}.")
        elif (element := _element(kind)) is not None:
            yield from _columns(element, f"{path}[].")


def _element(kind: Hint) -> type[msgspec.Struct] | None:
    """The class of a list's elements, where that is a group."""
    element = inner(get_args(kind)[0]) if origin_of(kind) is tuple else None
    return element if is_group(element) else None


def _words(kind: Hint) -> str:
    if is_group(kind):
        return "struct"
    parts = get_args(kind)
    if origin_of(kind) is tuple:
        return f"list of {_words(inner(parts[0]))}"
    if origin_of(kind) is dict:
        return f"map of {_words(inner(parts[0]))} to {_words(inner(parts[1]))}"
    found = arrow_type(kind)
    return "timestamp, UTC" if pa.types.is_timestamp(found) else _NAMES[str(found)]


_NAMES = {
    "string": "string",
    "int64": "int",
    "double": "double",
    "bool": "bool",
    "binary": "binary",
    "date32[day]": "date",
}


def _doc(group: type[msgspec.Struct], name: str) -> str:
    """What the class says of a field itself, else what the record's schema says of it."""
    annotated = get_type_hints(group, include_extras=True)[name]
    for extra in getattr(annotated, "__metadata__", ()):
        if isinstance(extra, msgspec.Meta) and extra.description:
            return extra.description
    record = getattr(group, "taken_from", group).__name__
    fields = packaged().parts[f"{NAMESPACE}.{record}"]["fields"]
    return str({field["name"]: field["doc"] for field in fields}[name])
