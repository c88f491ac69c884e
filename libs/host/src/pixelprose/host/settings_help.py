"""Every setting of a service, for `--help` and for the reference."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

import annotated_types as at
import yaml
from pydantic import BaseModel, HttpUrl, IPvAnyNetwork, SecretStr
from pydantic.fields import FieldInfo

from pixelprose.host.settings import NESTED, PREFIX, section_of

_RULES: Mapping[type[object], tuple[str, str]] = {
    at.Ge: ("ge", "≥ {}"),
    at.Gt: ("gt", "> {}"),
    at.Le: ("le", "≤ {}"),
    at.Lt: ("lt", "< {}"),
    at.MinLen: ("min_length", "at least {} long"),
    at.MaxLen: ("max_length", "at most {} long"),
}
_NAMES: Mapping[object, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    SecretStr: "secret",
    NoneType: "null",
    HttpUrl: "URL",
    IPvAnyNetwork: "network",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        path: sections and name, as in the file.
        kind: its type, for people.
        limits: what values are allowed; empty without a bound.
        default: as YAML; empty where it is required.
        meaning: one or two sentences.
        when: the optional section that it belongs to; empty for all others.
    """

    path: tuple[str, ...]
    kind: str
    limits: str
    default: str
    meaning: str
    when: str = ""

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return PREFIX + NESTED.join(self.path).upper()

    @property
    def required(self) -> bool:
        """Whether there is no default."""
        return not self.default


def settings_of(model: type[BaseModel]) -> Iterator[Setting]:
    """Yield every setting of a model, sections opened, in order."""
    return _settings(model, (), None, "")


def describe(model: type[BaseModel]) -> Iterator[str]:
    """Yield two lines per setting: its variable and default, then its meaning and type."""
    for one in settings_of(model):
        needed = f"(required with {one.when})" if one.when else "(required)"
        shown = "(none)" if one.default == "null" else f"[{one.default}]"
        yield f"  {one.variable}  {needed if one.required else shown}"
        kind = f"{one.kind}, {one.limits}" if one.limits else one.kind
        yield f"      {one.meaning} ({kind})"


def _settings(
    model: type[BaseModel], path: tuple[str, ...], given: BaseModel | None, when: str
) -> Iterator[Setting]:
    """`given` is what the section above has as this one's default."""
    for name, field in model.model_fields.items():
        here = (*path, name)
        default = getattr(given, name) if given else field.get_default(call_default_factory=True)
        inner = _section(field)
        if inner is None:
            yield Setting(
                here,
                _kind(field.annotation),
                ", ".join(_limits(field)),
                _default(field, default),
                (field.description or "").removesuffix("."),
                when,
            )
        else:
            optional = default is None and not field.is_required()
            yield from _settings(
                inner,
                here,
                default if isinstance(default, BaseModel) else None,
                ".".join(here) if optional else when,
            )


def _section(field: FieldInfo) -> type[BaseModel] | None:
    """The section that a field opens; a mapping of sections is one setting."""
    return None if _is_mapping(field.annotation) else section_of(field.annotation)


def _is_mapping(annotation: object) -> bool:
    origin = get_origin(annotation)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _default(field: FieldInfo, default: object) -> str:
    return "" if field.is_required() else _yaml(_plain(default))


def _plain(value: object) -> object:
    """The value as YAML knows it; a file that a package carries goes by its name."""
    match value:
        case BaseModel():
            return value.model_dump(mode="json")
        case tuple() | list() | set() | frozenset():
            return [_plain(item) for item in value]
        case Path() if value.is_absolute():
            return f"{value.name} (packaged)"
        case str() | int() | float() | bool() | dict() | None:
            return value
        case _:
            return str(value)


def _yaml(value: object) -> str:
    if isinstance(value, str) and value:
        return value
    text: str = yaml.safe_dump(value, default_flow_style=True, width=1000)
    return text.removesuffix("\n").removesuffix("\n...")


def _kind(annotation: object) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation in _NAMES:
        return _NAMES[annotation]
    if (words := _KINDS.get(origin)) is not None:
        return words(inner)
    if _is_mapping(annotation):
        return f"mapping of {_kind(inner[0])} to {_kind(inner[1])}"
    if (model := section_of(annotation)) is not None:
        return "{" + ", ".join(model.model_fields) + "}"
    return str(getattr(annotation, "__name__", annotation)).lower()


def _one_of(kinds: tuple[object, ...]) -> str:
    return " or ".join(map(_kind, kinds))


def _list_of(kinds: tuple[object, ...]) -> str:
    return f"list of {_kind(kinds[0])}"


_KINDS: Mapping[object, Callable[[tuple[object, ...]], str]] = {
    Annotated: lambda inner: _kind(inner[0]),
    Literal: lambda inner: ", ".join(map(str, inner)),
    Union: _one_of,
    UnionType: _one_of,
    tuple: _list_of,
    list: _list_of,
}


def _limits(field: FieldInfo) -> Iterator[str]:
    for rule in field.metadata:
        if type(rule) in _RULES:
            name, words = _RULES[type(rule)]
            yield words.format(getattr(rule, name))
        elif (pattern := getattr(rule, "pattern", None)) is not None:
            yield f"matches {pattern}"
