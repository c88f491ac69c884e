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
    AltTextSignals,
    Caption,
    CaptionGenerated,
    Fetch,
    Image,
    ImageId,
    ImageScreened,
    Linguistics,
    Model,
    Rights,
    RowId,
    Sampling,
    Screening,
    Sha256,
    Signals,
    Submission,
    SubmissionId,
    Toxicity,
    Word,
)

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
        return ImageScreened(
            submission=_submission(digit, alt_text),
            rights=Rights(),
            fetch=_fetch(),
            image=_image(Sha256(digit * 64)),
            screening=_screening(),
        )

    return make


@pytest.fixture
def generated(screened: Callable[..., ImageScreened]) -> Callable[..., CaptionGenerated]:
    """Captions of a text, of an image in which `words` were read."""

    def make(
        text: str, *, words: Sequence[str] = (), absent: tuple[str, ...] = ()
    ) -> CaptionGenerated:
        image = screened()
        return CaptionGenerated(
            submission=image.submission,
            rights=image.rights,
            fetch=image.fetch,
            image=image.image,
            screening=image.screening,
            signals=_signals(words),
            caption=_caption(text, absent),
            raw=f"This image displays: {text}",
        )

    return make


def _submission(digit: str, alt_text: str | None) -> Submission:
    return Submission(
        submission_id=SubmissionId(digit * 64),
        image_id=ImageId(digit * 64),
        attempt=0,
        url="https://example.org/a.jpg",
        canonical_url="https://example.org/a.jpg",
        source="test",
        alt_text=alt_text,
        alt_text_language=None,
        fields={},
        submitted_at=NOW,
    )


def _fetch() -> Fetch:
    return Fetch(
        final_url="https://example.org/a.jpg",
        status=200,
        redirects=(),
        address="192.0.2.1",
        content_type="image/jpeg",
        etag=None,
        last_modified=None,
        user_agent="test",
        fetched_at=NOW,
        seconds=0.1,
        consent=(),
    )


def _image(sha256: Sha256) -> Image:
    return Image(
        sha256=sha256,
        bytes=12,
        format="JPEG",
        mode="RGB",
        frames=1,
        width=32,
        height=24,
        pdq="f0" * 32,
        pdq_quality=100,
        pdq_version="test",
        exif={},
        original_key=None,
        rendition_key=keys.image_rendition(sha256),
        rendition_width=32,
        rendition_height=24,
        rendition_bytes=1,
    )


def _screening() -> Screening:
    return Screening(
        policy="safety/1",
        policy_hash="0" * 64,
        nsfw_score=0.01,
        nsfw_labels={"nsfw": 0.01},
        nsfw_model=MODEL,
        hash_lists=(),
        screened_at=NOW,
    )


def _signals(words: Sequence[str]) -> Signals:
    return Signals(
        aesthetic=5.0,
        aesthetic_model=MODEL,
        watermark="none",
        watermark_scores={"none": 1.0},
        watermark_model=MODEL,
        style="photo",
        style_scores={"photo": 1.0},
        style_model=MODEL,
        words=tuple(Word(text=word, confidence=0.9, box=(0, 0, 1, 1)) for word in words),
        words_model=MODEL,
        alt_text=AltTextSignals(language=None, language_score=None, toxicity=None, pii=()),
        language_model=MODEL,
        toxicity_model=MODEL,
        pii_model=MODEL,
        annotated_at=NOW,
    )


def _caption(text: str, absent: tuple[str, ...]) -> Caption:
    return Caption(
        row_id=RowId("1" * 64),
        text=text,
        absent=absent,
        kind="dense",
        language="en",
        policy="pixelprose/1",
        policy_hash="0" * 64,
        selection="selection/1",
        selection_hash="0" * 64,
        prompt_id="plain",
        prompt="Describe this image.",
        hint_used=False,
        absent_requested=bool(absent),
        model=MODEL,
        engine="none",
        sampling=Sampling(temperature=0.0, top_p=1.0, max_tokens=9, seed=0),
        prompt_tokens=1,
        completion_tokens=1,
        finish_reason="stop",
        generated_at=NOW,
        seconds=0.1,
    )
