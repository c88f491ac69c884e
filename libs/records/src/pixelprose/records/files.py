"""The files of `schemas/`, which the package carries with it."""

import json
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import yaml

NAMESPACE: Final = "pixelprose.v1"


class SchemaFolder:
    """Reads one `schemas/` folder; says nothing about whether it is right."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def yaml(self, name: str) -> Any:  # noqa: ANN401 - any YAML document
        """Return a document of the folder.

        Raises:
            FileNotFoundError: there is none of that name.
        """
        return yaml.safe_load((self.root / name).read_text(encoding="utf-8"))

    @cached_property
    def parts(self) -> dict[str, dict[str, Any]]:
        """Every named schema by full name, parts and records, each with names in place of others.

        Raises:
            ValueError: a file is no JSON, or a name is there twice.
        """
        named: dict[str, dict[str, Any]] = {}
        for file in sorted([*self.root.glob("parts/*.avsc"), *self.root.glob("*.avsc")]):
            found = json.loads(file.read_text(encoding="utf-8"))
            for schema in found if isinstance(found, list) else [found]:
                name = f"{schema['namespace']}.{schema['name']}"
                if name in named:
                    raise ValueError(f"{file.name}: {name} is there twice")
                named[name] = schema
        return named

    @property
    def records(self) -> tuple[str, ...]:
        """The class name of every record, sorted."""
        return tuple(sorted(self._files))

    def file_of(self, record: str) -> str:
        """Return the name of a record's file, without its ending.

        Raises:
            KeyError: no such record.
        """
        return self._files[record]

    @cached_property
    def _files(self) -> dict[str, str]:
        files = self.root.glob("*.avsc")
        return {json.loads(file.read_text(encoding="utf-8"))["name"]: file.stem for file in files}

    def complete(self, record: str) -> dict[str, Any]:
        """Return a record's schema with every named part put in where it is used first.

        Raises:
            KeyError: no such record.
        """
        schema: dict[str, Any] = self._inline(self.parts[f"{NAMESPACE}.{record}"], set())
        return schema

    def _inline(self, schema: Any, seen: set[str]) -> Any:  # noqa: ANN401 - JSON
        if isinstance(schema, list):
            return [self._inline(branch, seen) for branch in schema]
        if isinstance(schema, str):
            if schema not in self.parts or schema in seen:
                return schema
            schema = self.parts[schema]
        if schema["type"] == "record":
            seen.add(f"{schema['namespace']}.{schema['name']}")
            fields = [{**f, "type": self._inline(f["type"], seen)} for f in schema["fields"]]
            return {**schema, "fields": fields}
        return {
            key: self._inline(value, seen) if key in {"items", "values"} else value
            for key, value in schema.items()
        }


@cache
def packaged() -> SchemaFolder:
    """Return the folder that this package carries."""
    return SchemaFolder(Path(str(files("pixelprose.records"))) / "schemas")
