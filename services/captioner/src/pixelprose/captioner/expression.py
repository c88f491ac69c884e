"""Type-checked expressions in CEL (https://cel.dev); the only module that knows the library.

The library is Google's own C++ CEL. It checks types before anything runs: a field that does not
exist, or a result that is no boolean, is found at start and not at the first record.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias, get_args, get_origin

from cel_expr_python import cel  # type: ignore[import-untyped]

from pixelprose.captioner.fields import Hint

CelType: TypeAlias = Any
Compiled: TypeAlias = Any

_SCALARS: Final[Mapping[Hint, CelType]] = {
    bool: cel.Type.BOOL,
    bytes: cel.Type.BYTES,
    datetime: cel.Type.TIMESTAMP,
    float: cel.Type.DOUBLE,
    int: cel.Type.INT,
    str: cel.Type.STRING,
}


class InvalidExpression(ValueError):
    """The text is no boolean expression over the declared variables."""


class EvaluationFailed(ValueError):
    """The expression has no value for this record."""


class Condition:
    """A boolean expression over declared variables.

    `used` are the names of the variables that it mentions.

    Raises:
        InvalidExpression: with the place and the reason.
    """

    def __init__(self, source: str, *, variables: Mapping[str, Hint]) -> None:
        types = {name: _cel_type(hint) for name, hint in variables.items()}
        self._compiled = _compile(source, types)
        if self._compiled.return_type() != cel.Type.BOOL:
            kind = self._compiled.return_type().name()
            raise InvalidExpression(f"must be true or false, but its value is {kind}: {source}")
        self.used = tuple(name for name in types if _needs(source, types, name))

    def holds(self, values: Mapping[str, object]) -> bool:
        """Return whether it is true for `values`, which name at least the variables `used`.

        Raises:
            EvaluationFailed: a key is missing, a null is compared, a division by zero...
        """
        result = self._compiled.eval(data=dict(values))
        value = result.value()
        if result.type() != cel.Type.BOOL:
            raise EvaluationFailed(str(value))
        return bool(value)


def _compile(source: str, types: Mapping[str, CelType]) -> Compiled:
    try:
        return cel.NewEnv(variables=dict(types)).compile(source)
    except RuntimeError as error:
        raise InvalidExpression(str(error)) from error


def _needs(source: str, types: Mapping[str, CelType], name: str) -> bool:
    """Whether `source` mentions `name`: without it, it does not compile."""
    if name.rpartition(".")[2] not in source:
        return False
    try:
        _compile(source, {other: kind for other, kind in types.items() if other != name})
    except InvalidExpression:
        return True
    return False


def _cel_type(hint: Hint) -> CelType:
    if hint in _SCALARS:
        return _SCALARS[hint]
    origin: object = get_origin(hint)
    arguments = get_args(hint)
    if origin is dict:
        return cel.Type.Map(_cel_type(arguments[0]), _cel_type(arguments[1]))
    if origin is tuple and arguments[1:] == (...,):
        return cel.Type.List(_cel_type(arguments[0]))
    # What may be null, and groups inside lists, are checked when the expression runs.
    return cel.Type.DYN
