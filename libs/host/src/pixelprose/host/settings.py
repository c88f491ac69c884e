"""Settings of a service: one YAML file for all services, `PIXELPROSE_*` variables on top."""

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pixelprose.kafkalog.settings import KafkaSettings
from pixelprose.streamkit.errors import Stop
from pixelprose.streamkit.exit_codes import ExitCode
from pixelprose.streamkit.runner_settings import RunnerSettings

PREFIX = "PIXELPROSE_"
NESTED = "__"

SECTIONS = (
    "registry",
    "store",
    "ingester",
    "safety_filter",
    "metadata_annotator",
    "captioner",
    "sink",
    "console",
    "submit",
)
"""Sections that may be there for somebody else: one file configures all services."""

NOT_SETTINGS = frozenset({"PIXELPROSE_CACHE"})
"""Variables of ours that configure no service."""


class HttpSettings(BaseModel):
    """Where health and metrics are served."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", description="Address to listen on; 0.0.0.0 serves all")
    port: int = Field(default=0, ge=0, le=65535, description="0 takes any free port and logs it")


class LogSettings(BaseModel):
    """What is logged, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level that is logged"
    )
    format: Literal["json", "console"] = Field(
        default="console", description="JSON for machines, console for people"
    )


class ServiceSettings(BaseModel):
    """What every service needs. A service adds its own section under its own name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    instance: str = Field(
        default="live", min_length=1, description="Names a deployment; part of group ids"
    )
    slot: int = Field(
        default=0,
        ge=0,
        description="Number of this replica; two with one fence each other",
    )
    kafka: KafkaSettings
    runner: RunnerSettings = RunnerSettings()
    http: HttpSettings = HttpSettings()
    log: LogSettings = LogSettings()


S = TypeVar("S", bound=ServiceSettings)


def load(settings: type[S], *, file: Path | None, environ: Mapping[str, str]) -> S:
    """Return the settings from the file and the variables, which win.

    Raises:
        Stop: a setting is unknown, missing or wrong; the message says which, and what to do.
    """
    document = _read(file) if file else {}
    _refuse_unknown(document, settings, where=str(file))
    for name, value in environ.items():
        if name.startswith(PREFIX) and name not in NOT_SETTINGS:
            _put(document, name.removeprefix(PREFIX).lower().split(NESTED), value)
    _refuse_unknown(document, settings, where=f"the {PREFIX}* variables")
    ours = {name: value for name, value in document.items() if name in settings.model_fields}
    try:
        return settings.model_validate(ours)
    except ValidationError as error:
        raise Stop(ExitCode.BAD_CONFIGURATION, _explain(error, settings)) from error


def _read(file: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        detail = f"settings file {file}: {error.strerror or error}"
        raise Stop(ExitCode.BAD_CONFIGURATION, detail) from error
    except UnicodeDecodeError as error:
        raise Stop(ExitCode.BAD_CONFIGURATION, f"settings file {file}: {error}") from error
    except yaml.MarkedYAMLError as error:
        # Without its own text, which quotes the line: a password may stand there.
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        detail = f"settings file {file}, line {line}: no YAML ({error.problem})"
        raise Stop(ExitCode.BAD_CONFIGURATION, detail) from None
    if not isinstance(document or {}, dict):
        raise Stop(ExitCode.BAD_CONFIGURATION, f"settings file {file}: not a mapping of sections")
    return document or {}


def _put(document: dict[str, Any], path: list[str], text: str) -> None:
    for name in path[:-1]:
        inner = document.get(name)
        document[name] = inner = dict(inner) if isinstance(inner, dict) else {}
        document = inner
    document[path[-1]] = _value(text)


def _value(text: str) -> Any:  # noqa: ANN401 - whatever the variable's text means
    # Lists and mappings are written as in YAML; anything else stays text for pydantic to read.
    return yaml.safe_load(text) if text[:1] in {"[", "{"} else text


def _refuse_unknown(document: Mapping[str, Any], settings: type[S], *, where: str) -> None:
    known = {*settings.model_fields, *SECTIONS}
    for name in document:
        if name not in known:
            detail = f"unknown setting {name!r} in {where}{_hint(str(name), known)}"
            raise Stop(ExitCode.BAD_CONFIGURATION, detail)


def _explain(error: ValidationError, settings: type[BaseModel]) -> str:
    lines = []
    for fault in error.errors():
        path = [str(part) for part in fault["loc"]]
        if fault["type"] == "extra_forbidden":
            said = f"unknown setting{_hint(path[-1], _names(settings, path[:-1]))}"
            lines.append(f"{'.'.join(path)}: {said}")
        elif fault["type"] == "missing":
            lines += [_wrong(one, fault["msg"]) for one in _required(settings, path)]
        else:
            lines.append(_wrong(path, fault["msg"]))
    return "settings are wrong:\n  " + "\n  ".join(lines)


def _wrong(path: Sequence[str], said: str) -> str:
    variable = PREFIX + NESTED.join(path).upper()
    return f"{'.'.join(path)}: {said} (set it in the file, or as {variable})"


def _required(settings: type[BaseModel], path: Sequence[str]) -> Iterator[Sequence[str]]:
    """The settings without a default that a missing section, or setting, stands for."""
    section = _section_at(settings, path)
    if section is None:
        yield path
        return
    for name, field in section.model_fields.items():
        if field.is_required():
            yield from _required(settings, (*path, name))


def _hint(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {sorted(known)}"


def _names(settings: type[BaseModel], path: Sequence[str]) -> Collection[str]:
    """The settings of the section at `path`."""
    section = _section_at(settings, path)
    return section.model_fields if section else ()


def _section_at(settings: type[BaseModel], path: Sequence[str]) -> type[BaseModel] | None:
    section: type[BaseModel] | None = settings
    for name in path:
        field = section.model_fields.get(name) if section else None
        section = section_of(field.annotation) if field else None
    return section


def section_of(annotation: object) -> type[BaseModel] | None:
    """Return the section that a field's annotation names, if it names one."""
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
