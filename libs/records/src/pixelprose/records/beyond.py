"""What a newer schema says beyond ours: kept as text, so that nothing is dropped in silence."""

import json
from collections.abc import Iterator, Mapping
from typing import Any


def beyond(said: Any, understood: Any) -> dict[str, str]:  # noqa: ANN401 - plain values of any record
    """Return the fields of `said` that `understood` lacks: JSON by path.

    Both are plain values of one record, the first read by its writer's schema, the second by ours.
    """
    return {path: json.dumps(value, default=_text) for path, value in _beyond(said, understood, "")}


def _beyond(said: Any, understood: Any, path: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - as above
    if isinstance(said, Mapping) and isinstance(understood, Mapping):
        for name, value in said.items():
            inside = f"{path}.{name}" if path else str(name)
            if name in understood:
                yield from _beyond(value, understood[name], inside)
            else:
                yield inside, value
    elif isinstance(said, list) and isinstance(understood, list | tuple):
        for number, (one, other) in enumerate(zip(said, understood, strict=True)):
            yield from _beyond(one, other, f"{path}[{number}]")


def _text(value: Any) -> str:  # noqa: ANN401 - what JSON has no form for
    return value.hex() if isinstance(value, bytes) else str(value)
