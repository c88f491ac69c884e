"""Files of `schemas/`, which the package carries with it."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

_ROOT = files("pixelprose.records") / "schemas"


def read_yaml(name: str) -> Any:  # noqa: ANN401 - any YAML document
    """Return a YAML document of `schemas/`."""
    return yaml.safe_load(read_text(name))


def read_text(name: str) -> str:
    """Return a file of `schemas/`.

    Raises:
        FileNotFoundError: there is none of that name.
    """
    return (_ROOT / name).read_text(encoding="utf-8")


@cache
def parts() -> dict[str, dict[str, Any]]:
    """Return every named schema by full name: the parts and the records."""
    named: dict[str, dict[str, Any]] = {}
    for folder in (_ROOT / "parts", _ROOT):
        for file in folder.iterdir():
            if file.name.endswith(".avsc"):
                found = json.loads(file.read_text(encoding="utf-8"))
                for schema in found if isinstance(found, list) else [found]:
                    named[f"{schema['namespace']}.{schema['name']}"] = schema
    return named
