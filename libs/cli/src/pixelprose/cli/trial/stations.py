"""The stages of the pipeline as their services make them, with a store in memory."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import yaml

from pixelprose.captioner import app as captioner
from pixelprose.captioner.settings import CaptionerSettings
from pixelprose.cli.demo_config import hurried, sections, write_known_hashes
from pixelprose.cli.scenario import known_seeds
from pixelprose.cli.trial.line import Station
from pixelprose.host import load
from pixelprose.ingester import app as ingester
from pixelprose.ingester.settings import IngesterSettings
from pixelprose.metadata_annotator import app as annotator
from pixelprose.metadata_annotator.settings import MetadataAnnotatorSettings
from pixelprose.objectstore import ObjectStore, StoreSettings
from pixelprose.records import RecordCodec, Stage, StreamSettings, codec_for
from pixelprose.safety_filter import app as safety_filter
from pixelprose.safety_filter.settings import SafetyFilterSettings
from pixelprose.streamkit import Metrics

S = TypeVar("S", bound=StreamSettings)

CLUSTER: Final = "try"
"""Stands for the id of a Kafka cluster."""

_APART: Final[Mapping[str, str]] = {
    "PIXELPROSE_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "PIXELPROSE_REGISTRY__URL": "mock://pixelprose",
    "PIXELPROSE_STORE__ENDPOINT": "http://127.0.0.1:1",
    "PIXELPROSE_STORE__BUCKET": "try",
    "PIXELPROSE_STORE__ACCESS_KEY": "none",
    "PIXELPROSE_STORE__SECRET_KEY": "none",
    # One image is a whole batch.
    "PIXELPROSE_SAFETY_FILTER__LINGER_SECONDS": "0",
    "PIXELPROSE_METADATA_ANNOTATOR__LINGER_SECONDS": "0",
    "PIXELPROSE_CAPTIONER__LINGER_SECONDS": "0",
}
"""Nothing of this is ever asked: there is no log here, and the store is in memory."""


def demo_file(folder: Path) -> Path:
    """Write the settings of the services with the demo's models, and return where they are."""
    hashes = write_known_hashes(folder / "known-hashes.csv", known_seeds(known=3, seed=1))
    file = folder / "pixelprose.yaml"
    file.write_text(yaml.safe_dump(hurried(sections(hashes)), sort_keys=False), encoding="utf-8")
    return file


def stations(
    config: Path | None, *, store: ObjectStore, root: Path | None, folder: Path
) -> Iterator[Station]:
    """Yield the stages in the order of the flow.

    `config` is a file as the services take it; without one, the demo's models run. `root` is a
    folder that files may be read from. What the stages need on disk is written to `folder`, which
    must outlive the iterator.

    Raises:
        Stop: a setting is unknown or wrong.
    """
    read = partial(_read, config or demo_file(folder), _environ(root))

    def opened(_: StoreSettings, __: ExitStack) -> ObjectStore:
        return store

    # All of them at once: what is wrong in the last is said before the first begins.
    fetching, screening = read(IngesterSettings), read(SafetyFilterSettings)
    annotating, captioning = _both(read(MetadataAnnotatorSettings)), read(CaptionerSettings)
    yield _station(
        "ingester",
        fetching,
        lambda: ingester.stage(fetching, Metrics(), opened=opened, lanes=lambda: 1),
    )
    yield _station(
        "safety-filter",
        screening,
        lambda: safety_filter.stage(screening, load=safety_filter.load_scorer, opened=opened),
    )
    # One iterator for both: their models are loaded once.
    steps = annotator.stages(annotating, load=annotator.load_models, opened=opened)
    yield _station("metadata-annotator.image", annotating, lambda: next(steps))
    yield _station(
        "captioner",
        captioning,
        lambda: captioner.stage(captioning, load=captioner.load_captioner, opened=opened),
    )
    yield _station("metadata-annotator.caption", annotating, lambda: next(steps))


def _environ(root: Path | None) -> Mapping[str, str]:
    roots = {} if root is None else {"PIXELPROSE_INGESTER__SOURCES__ROOTS": json.dumps([str(root)])}
    return {**os.environ, **_APART, **roots}


def _read(file: Path, environ: Mapping[str, str], settings: type[S]) -> S:
    return load(settings, file=file, environ=environ)


def _both(settings: MetadataAnnotatorSettings) -> MetadataAnnotatorSettings:
    """Both steps in the order of the flow, wherever they run in a deployment."""
    section = settings.metadata_annotator.model_copy(update={"steps": ("image", "caption")})
    return settings.model_copy(update={"metadata_annotator": section})


def _station(name: str, settings: StreamSettings, made: Callable[[], Stage]) -> Station:
    def opened() -> tuple[Stage, RecordCodec]:
        stage = made()
        return stage, codec_for(
            settings,
            service=stage.service,
            step=stage.step,
            canonical=stage.canonical,
            cluster=CLUSTER,
        )

    return Station(name, opened)
