"""The metadata-annotator with canaries: `python -m chaos.canary.metadata_annotator`."""

from collections.abc import Mapping, Sequence

from PIL import Image

from chaos.canary.code import MODEL
from pixelprose.host import Service, run_service
from pixelprose.metadata_annotator.app import assemble
from pixelprose.metadata_annotator.policy import AnnotationPolicy
from pixelprose.metadata_annotator.ports import Finding, Guess
from pixelprose.metadata_annotator.settings import (
    MetadataAnnotatorSection,
    MetadataAnnotatorSettings,
)
from pixelprose.metadata_annotator.step_caption import CaptionModels
from pixelprose.metadata_annotator.step_image import ImageModels
from pixelprose.records import Linguistics, Toxicity, Word
from pixelprose.streamkit import Metrics


class Good:
    """Every picture is worth a caption."""

    model = MODEL

    def score(self, pictures: Sequence[Image.Image]) -> Sequence[float]:
        return [9.0] * len(pictures)


class Plain:
    """No watermark, and one style."""

    model = MODEL

    def __init__(self, label: str, other: str) -> None:
        self._label, self._other = label, other

    @property
    def labels(self) -> frozenset[str]:
        return frozenset({self._label, self._other})

    def classify(self, pictures: Sequence[Image.Image]) -> Sequence[Mapping[str, float]]:
        return [{self._label: 1.0, self._other: 0.0}] * len(pictures)


class Wordless:
    """Nothing is written anywhere."""

    model = MODEL

    def read(self, picture: Image.Image) -> tuple[Word, ...]:  # noqa: ARG002 - the port's
        return ()


class Calm:
    """Nothing is toxic."""

    model = MODEL

    def score(self, texts: Sequence[str]) -> Sequence[Toxicity]:
        return [Toxicity(**dict.fromkeys(Toxicity.__struct_fields__, 0.0))] * len(texts)


class English:
    """All is English."""

    model = MODEL

    def guess(self, text: str) -> Guess:  # noqa: ARG002 - the port's
        return Guess("en", 1.0)


class Discreet:
    """Nobody's data is anywhere."""

    model = MODEL

    def find(self, texts: Sequence[str]) -> Sequence[tuple[Finding, ...]]:
        return [()] * len(texts)


class Uncounted:
    """No words are counted."""

    model = MODEL

    def count(self, texts: Sequence[str]) -> Sequence[Linguistics]:
        return [Linguistics(**dict.fromkeys(Linguistics.__struct_fields__, 0))] * len(texts)


class Canaries:
    """The models of both steps."""

    def for_images(self) -> ImageModels:
        return ImageModels(
            aesthetic=Good(),
            watermark=Plain("none", "watermark"),
            style=Plain("photo", "drawing"),
            words=Wordless(),
            language=English(),
            toxicity=Calm(),
            pii=Discreet(),
        )

    def for_captions(self) -> CaptionModels:
        return CaptionModels(toxicity=Calm(), pii=Discreet(), linguist=Uncounted())


def _load(_section: MetadataAnnotatorSection, _policy: AnnotationPolicy) -> Canaries:
    return Canaries()


def build(settings: MetadataAnnotatorSettings, metrics: Metrics) -> Service:
    return assemble(settings, metrics, load=_load)


if __name__ == "__main__":
    run_service("metadata-annotator", MetadataAnnotatorSettings, build)
