"""Wiring: the only place that names adapters."""

from collections.abc import Callable, Iterator
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
from pixelprose.objectstore import OpenStore
from pixelprose.records import CaptionGenerated, Group, ImageScreened, Stage, open_ready, runner_for
from pixelprose.streamkit import Batches, ExitCode, Metrics, Stop


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
    made = list(stages(settings, load=load, opened=open_ready))
    closing = ExitStack()
    for one in made:
        closing.callback(one.close)
    runners = tuple(runner_for(settings, one, metrics=metrics) for one in made)
    return Service(runners=runners, close=closing.close)


def stages(
    settings: MetadataAnnotatorSettings, *, load: LoadModels, opened: OpenStore
) -> Iterator[Stage]:
    """The steps that are set, each at work as soon as it is asked for; raises as `build` does."""
    section = settings.metadata_annotator
    policy = read_policy(section)
    models = load(section, policy)

    def image(closing: ExitStack) -> tuple[type[Group], Any]:
        asked = models.for_images()
        store = opened(settings.store, closing)
        renditions = StoreRenditions(store, threads=section.store_threads)
        closing.callback(renditions.close)
        return ImageScreened, AnnotateImages(
            models=asked, renditions=renditions, policy=policy, now=now
        )

    def caption(_: ExitStack) -> tuple[type[Group], Any]:
        asked = models.for_captions()
        return CaptionGenerated, AnnotateCaptions(models=asked, policy=policy, now=now)

    steps: dict[StepName, Callable[[ExitStack], tuple[type[Group], Any]]] = {
        "image": image,
        "caption": caption,
    }
    for name in dict.fromkeys(section.steps):
        closing = ExitStack()
        reads, step = steps[name](closing)
        worker = Batches(step, size=section.batch_size, linger_seconds=section.linger_seconds)
        yield Stage(
            service="metadata-annotator",
            step=name,
            reads=reads,
            worker=worker,
            close=closing.close,
        )


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
