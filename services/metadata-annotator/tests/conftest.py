import io
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import PIL.Image
import PIL.ImageStat
import pytest

from pixelprose.metadata_annotator.policy import SHIPPED, AnnotationPolicy, load_policy
from pixelprose.metadata_annotator.ports import Finding, Guess
from pixelprose.metadata_annotator.renditions import StoreRenditions
from pixelprose.metadata_annotator.step_caption import AnnotateCaptions, CaptionModels
from pixelprose.metadata_annotator.step_image import AnnotateImages, ImageModels
from pixelprose.objectstore import MemoryStore, keys
from pixelprose.records import (
    CaptionGenerated,
    ImageId,
    ImageScreened,
    Linguistics,
    Model,
    Sha256,
    SubmissionId,
    Toxicity,
    Word,
)
from pixelprose.records.testing import like_example

NOW: Final = datetime(2026, 11, 1, 12, tzinfo=UTC)
MODEL: Final = Model(name="fake", revision="1", library="none")
CALM: Final = dict.fromkeys(Toxicity.__struct_fields__, 0.0)
PATTERNS: Final = {
    "PHONE_NUMBER": r"\d{3}-\d{4}",
    "EMAIL_ADDRESS": r"\w+@\w+\.\w+",
    "PERSON": r"Ada Moss",
}


class RedIsGood:
    model = MODEL

    def score(self, pictures: Sequence[PIL.Image.Image]) -> Sequence[float]:
        return [1 + 9 * _red(picture) for picture in pictures]


class RedIsMarked:
    model = MODEL
    labels = frozenset({"watermark", "none"})

    def classify(self, pictures: Sequence[PIL.Image.Image]) -> Sequence[Mapping[str, float]]:
        reds = map(_red, pictures)
        return [{"watermark": red, "none": 1 - red} for red in reds]


class ReadsWhatItIsTold:
    model = MODEL

    def __init__(self, *words: str) -> None:
        self._words = tuple(
            Word(text=text, confidence=0.9, box=(0.1, 0.1, 0.9, 0.2)) for text in words
        )

    def read(self, picture: PIL.Image.Image) -> tuple[Word, ...]:  # noqa: ARG002 - the port's
        return self._words


class BlorfIsToxic:
    model = MODEL

    def score(self, texts: Sequence[str]) -> Sequence[Toxicity]:
        return [Toxicity(**{**CALM, "insult": 0.9 if "blorf" in text else 0.01}) for text in texts]


class AlwaysEnglish:
    model = MODEL

    def guess(self, text: str) -> Guess:  # noqa: ARG002 - the port's
        return Guess("en", 0.7)


class FindsByPattern:
    model = MODEL

    def find(self, texts: Sequence[str]) -> Sequence[tuple[Finding, ...]]:
        return [
            tuple(
                Finding(kind, match.start(), match.end(), 0.9)
                for kind, pattern in PATTERNS.items()
                for match in re.finditer(pattern, text)
            )
            for text in texts
        ]


class CountsWords:
    model = MODEL

    def count(self, texts: Sequence[str]) -> Sequence[Linguistics]:
        return [
            Linguistics(
                words=len(text.split()),
                characters=len(text),
                sentences=1,
                nouns=0,
                distinct_nouns=0,
                verbs=0,
                adjectives=0,
            )
            for text in texts
        ]


def _red(picture: PIL.Image.Image) -> float:
    return PIL.ImageStat.Stat(picture).mean[0] / 255


@pytest.fixture(scope="session")
def policy() -> AnnotationPolicy:
    return load_policy(SHIPPED)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def put(store: MemoryStore) -> Callable[..., None]:
    """Lay the rendition of a record: `put(record, "red")`."""

    def lay(record: ImageScreened, colour: str = "red") -> None:
        data = io.BytesIO()
        PIL.Image.new("RGB", (32, 24), colour).save(data, "JPEG")
        key = keys.image_rendition(record.image.sha256)
        store.put(key, data.getvalue(), content_type="image/jpeg")

    return lay


@pytest.fixture
def image_step(store: MemoryStore, policy: AnnotationPolicy) -> Callable[..., AnnotateImages]:
    """The step with fakes for models: `image_step("SALE", "555-0187")` reads these words."""

    def make(*words: str) -> AnnotateImages:
        models = ImageModels(
            aesthetic=RedIsGood(),
            watermark=RedIsMarked(),
            style=RedIsMarked(),
            words=ReadsWhatItIsTold(*words),
            language=AlwaysEnglish(),
            toxicity=BlorfIsToxic(),
            pii=FindsByPattern(),
        )
        renditions = StoreRenditions(store, threads=2)
        return AnnotateImages(models=models, renditions=renditions, policy=policy, now=lambda: NOW)

    return make


@pytest.fixture
def caption_step(policy: AnnotationPolicy) -> Callable[..., AnnotateCaptions]:
    """The step with fakes for models, under the shipped policy or another."""

    def make(under: AnnotationPolicy = policy) -> AnnotateCaptions:
        models = CaptionModels(
            toxicity=BlorfIsToxic(), pii=FindsByPattern(), linguist=CountsWords()
        )
        return AnnotateCaptions(models=models, policy=under, now=lambda: NOW)

    return make


@pytest.fixture
def screened() -> Callable[..., ImageScreened]:
    """Records whose bytes are known by one digit."""

    def make(digit: str = "a", *, alt_text: str | None = None) -> ImageScreened:
        sha256 = Sha256(digit * 64)
        return like_example(
            ImageScreened,
            submission={
                "submission_id": SubmissionId(sha256),
                "image_id": ImageId(sha256),
                "alt_text": alt_text,
            },
            image={"sha256": sha256, "rendition_key": keys.image_rendition(sha256)},
            lineage=(),
        )

    return make


@pytest.fixture
def generated(screened: Callable[..., ImageScreened]) -> Callable[..., CaptionGenerated]:
    """Captions of a text, of an image in which `words` were read."""

    def make(
        text: str, *, words: Sequence[str] = (), absent: tuple[str, ...] = ()
    ) -> CaptionGenerated:
        image = screened()
        read = tuple(Word(text=word, confidence=0.9, box=(0, 0, 1, 1)) for word in words)
        return like_example(
            CaptionGenerated,
            submission=image.submission,
            image=image.image,
            signals={"words": read},
            caption={"text": text, "absent": absent, "absent_requested": bool(absent)},
            raw=f"This image displays: {text}",
            lineage=(),
        )

    return make
