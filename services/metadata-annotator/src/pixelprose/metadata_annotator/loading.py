"""All models of the steps that a process runs, each loaded once, whichever steps use it."""

from collections.abc import Callable
from functools import cached_property
from typing import Final, TypeVar

from pixelprose.checkpoints import (
    SAFETENSORS,
    Checkpoint,
    ImageClassifier,
    ModelNotLoaded,
    find_checkpoint,
)
from pixelprose.checkpoints.classifier import load_classifier
from pixelprose.checkpoints.networks import prepare
from pixelprose.metadata_annotator.aesthetic import load_aesthetic
from pixelprose.metadata_annotator.language import load_language
from pixelprose.metadata_annotator.linguist import SpacyLinguist
from pixelprose.metadata_annotator.pii import PresidioFinder
from pixelprose.metadata_annotator.policy import AnnotationPolicy
from pixelprose.metadata_annotator.ports import ToxicityScorer
from pixelprose.metadata_annotator.settings import MetadataAnnotatorSection, ModelSection
from pixelprose.metadata_annotator.spacy_pipeline import SpacyPipeline, load_pipeline
from pixelprose.metadata_annotator.step_caption import CaptionModels
from pixelprose.metadata_annotator.step_image import ImageModels
from pixelprose.metadata_annotator.toxicity import load_toxicity
from pixelprose.metadata_annotator.words import load_words
from pixelprose.metadata_annotator.zero_shot import load_zero_shot
from pixelprose.streamkit import ExitCode, Stop

T = TypeVar("T")

_CLASSES: Final = frozenset({"watermark", "none", "text"})


class Models:
    """The models that the settings name, loaded when they are first asked for.

    Sets torch's threads, which are the process's.

    Raises:
        Stop: a model is not set, not there, or not what its setting asks for.
    """

    def __init__(self, section: MetadataAnnotatorSection, policy: AnnotationPolicy) -> None:
        self._section = section
        self._policy = policy
        prepare(threads=section.threads)

    def for_images(self) -> ImageModels:
        """What the image step asks."""
        section = self._section
        return ImageModels(
            aesthetic=_or_stop(
                "aesthetic",
                lambda: load_aesthetic(
                    self._checkpoint(section.aesthetic),
                    head=section.aesthetic.head,
                    device=section.device,
                ),
            ),
            watermark=_or_stop("watermark", self._watermark),
            style=_or_stop("style", self._style),
            words=_or_stop("words", lambda: load_words(section.words)),
            language=_or_stop("language", load_language),
            toxicity=self._toxicity,
            pii=self._pii,
        )

    def for_captions(self) -> CaptionModels:
        """What the caption step asks."""
        return CaptionModels(
            toxicity=self._toxicity, pii=self._pii, linguist=SpacyLinguist(self._pipeline)
        )

    def _watermark(self) -> ImageClassifier:
        section = self._section.watermark
        classifier = load_classifier(
            self._checkpoint(section), classes=section.classes, device=self._section.device
        )
        if not {"watermark", "none"} <= classifier.labels <= _CLASSES:
            named = ", ".join(sorted(classifier.labels))
            detail = f"{section.model} has the classes {named}; say in `classes` which of them"
            raise ModelNotLoaded(f"{detail} are watermark, none and text")
        return classifier

    def _style(self) -> ImageClassifier:
        section, device = self._section.style, self._section.device
        checkpoint = self._checkpoint(section)
        if section.sentences:
            return load_zero_shot(checkpoint, sentences=section.sentences, device=device)
        return load_classifier(checkpoint, device=device)

    @cached_property
    def _toxicity(self) -> ToxicityScorer:
        section = self._section
        return _or_stop(
            "toxicity",
            lambda: load_toxicity(
                self._checkpoint(section.toxicity, weights=section.toxicity.onnx or SAFETENSORS),
                onnx=section.toxicity.onnx,
                device=section.device,
                threads=section.threads,
            ),
        )

    @cached_property
    def _pipeline(self) -> SpacyPipeline:
        return _or_stop("spacy", lambda: load_pipeline(self._section.spacy))

    @cached_property
    def _pii(self) -> PresidioFinder:
        return PresidioFinder(self._pipeline, self._policy.pii)

    def _checkpoint(self, section: ModelSection, *, weights: str = SAFETENSORS) -> Checkpoint:
        return find_checkpoint(
            section.model,
            revision=section.revision,
            name=section.model_name,
            local_only=self._section.local_only,
            weights=weights,
        )


def _or_stop(setting: str, load: Callable[[], T]) -> T:
    try:
        return load()
    except ModelNotLoaded as error:
        detail = f"{error}; set metadata_annotator.{setting}"
        raise Stop(ExitCode.BAD_CONFIGURATION, detail) from error
