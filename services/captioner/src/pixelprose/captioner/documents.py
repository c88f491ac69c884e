"""Policies and selections as files: found by packaged name or by path, read into a frozen type."""

from pathlib import Path
from typing import Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from pixelprose.streamkit import ExitCode, Stop

PACKAGED: Final = Path(__file__).parent / "policies"

D = TypeVar("D", bound=BaseModel)


def read_document(source: str, document: type[D]) -> D:
    """Return the document that `source` names: a packaged one, or a path to a YAML file.

    Raises:
        Stop: there is no such file, or it is not a valid `document`; says what and where.
    """
    path = _find(source)
    try:
        return document.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError, UnicodeDecodeError) as error:
        detail = f"{path} is not a valid {document.__name__}; correct the file: {error}"
        raise Stop(ExitCode.BAD_CONFIGURATION, detail) from error


def _find(source: str) -> Path:
    for path in (PACKAGED / f"{source}.yaml", Path(source)):
        if path.is_file():
            return path
    known = ", ".join(sorted(path.stem for path in PACKAGED.glob("*.yaml")))
    detail = f"no policy or selection {source!r}: give a path to a YAML file, or one of {known}"
    raise Stop(ExitCode.BAD_CONFIGURATION, detail)
