"""Wiring: the only place that names adapters."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any, Protocol

from pixelprose.host import Service
from pixelprose.metadata_annotator.policy import AnnotationPolicy, PolicyError, load_policy
from pixelprose.metadata_annotator.renditions import StoreRenditions
from pixelprose.metadata_annotator.settings import (
    MetadataAnnotatorSection,
    MetadataAnnotatorSettings,
    StepName,
)
from pixelprose.metadata_annotator.step_caption import AnnotateCaptions, CaptionModels
from pixelprose.metadata_annotator.step_image import AnnotateImages, ImageModels
from pixelprose.objectstore import (
    S3Store,
    StoreRefused,
    StoreSettings,
    StoreUnavailable,
    open_store,
)
from pixelprose.records import CaptionGenerated, Group, ImageScreened, runner_for
from pixelprose.streamkit import Batches, ExitCode, Metrics, Runner, Stop, Unavailable


class StepModels(Protocol):
    """The models of both steps, each loaded when a step first asks for it."""

    def for_images(self) -> ImageModels:
        """What the image step asks."""

    def for_captions(self) -> CaptionModels:
        """What the caption step asks."""


LoadModels = Callable[[MetadataAnnotatorSection, AnnotationPolicy], StepModels]


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def build(settings: MetadataAnnotatorSettings, metrics: Metrics) -> Service:
    """The service with the steps that are set, each with a consumer group of its own.

    Raises:
        Stop: the policy, a model or the store's setup is missing or wrong.
        Unavailable: the store does not answer.
    """
    return assemble(settings, metrics, load=load_models)


def assemble(settings: MetadataAnnotatorSettings, metrics: Metrics, *, load: LoadModels) -> Service:
    """The service around the models that `load` gives; raises as `build` does."""
    section = settings.metadata_annotator
    policy = read_policy(section)
    models = load(section, policy)
    closing = ExitStack()
    steps: dict[StepName, Callable[[], tuple[type[Group], Any]]] = {
        "image": lambda: (
            ImageScreened,
            AnnotateImages(
                models=models.for_images(),
                renditions=_renditions(settings, closing),
                policy=policy,
                now=now,
            ),
        ),
        "caption": lambda: (
            CaptionGenerated,
            AnnotateCaptions(models=models.for_captions(), policy=policy, now=now),
        ),
    }

    def runner(name: StepName) -> Runner[Any, Any, Any]:
        reads, step = steps[name]()
        worker = Batches(step, size=section.batch_size, linger_seconds=section.linger_seconds)
        return runner_for(
            settings,
            service="metadata-annotator",
            step=name,
            reads=reads,
            worker=worker,
            metrics=metrics,
        )

    runners = tuple(runner(name) for name in dict.fromkeys(section.steps))
    return Service(runners=runners, close=closing.close)


def read_policy(section: MetadataAnnotatorSection) -> AnnotationPolicy:
    """The policy that the settings name.

    Raises:
        Stop: it is missing or not valid.
    """
    try:
        return load_policy(section.policy)
    except PolicyError as error:
        detail = f"{error}; set metadata_annotator.policy to a valid policy"
        raise Stop(ExitCode.BAD_CONFIGURATION, detail) from error


def load_models(section: MetadataAnnotatorSection, policy: AnnotationPolicy) -> StepModels:
    """The models that the settings name."""
    from pixelprose.metadata_annotator.loading import Models  # noqa: PLC0415 - torch takes seconds

    return Models(section, policy)


def _renditions(settings: MetadataAnnotatorSettings, closing: ExitStack) -> StoreRenditions:
    store = _open(settings.store)
    closing.callback(store.close)
    renditions = StoreRenditions(store, threads=settings.metadata_annotator.store_threads)
    closing.callback(renditions.close)
    return renditions


def _open(settings: StoreSettings) -> S3Store:
    store = open_store(settings)
    try:
        store.prepare()
    except StoreUnavailable as error:
        raise Unavailable("store", str(error)) from error
    except StoreRefused as error:
        detail = f"the store refuses us: {error}; check the settings of `store`"
        raise Stop(ExitCode.BAD_CONFIGURATION, detail) from error
    return store
