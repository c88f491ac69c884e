import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import PIL.Image
import PIL.ImageStat
import pytest

from pixelprose.checkpoints import ImageClassifier
from pixelprose.objectstore import MemoryStore, keys
from pixelprose.records import ImageFetched, ImageId, Model, Sha256, SubmissionId
from pixelprose.records.testing import like_example
from pixelprose.safety_filter.hash_list import HashLists
from pixelprose.safety_filter.hash_list_file import HashListFile
from pixelprose.safety_filter.policy import SHIPPED, load_policy
from pixelprose.safety_filter.step import Screen
from pixelprose.safety_filter.store_quarantine import StoreQuarantine

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
PDQ = "f0" * 32
KNOWN = "0f" * 32


class RedIsUnsafe(ImageClassifier):
    """A scorer that finds the more unsafe the redder; it remembers the sizes of its batches."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    @property
    def model(self) -> Model:
        return Model(name="red", revision="1", library="none")

    @property
    def labels(self) -> frozenset[str]:
        return frozenset({"normal", "nsfw"})

    def classify(self, pictures: Sequence[PIL.Image.Image]) -> Sequence[Mapping[str, float]]:
        self.batches.append(len(pictures))
        reds = [PIL.ImageStat.Stat(image).mean[0] / 255 for image in pictures]
        return [{"normal": 1 - red, "nsfw": red} for red in reds]


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def scorer() -> RedIsUnsafe:
    return RedIsUnsafe()


@pytest.fixture
def known_pdq() -> str:
    """The one PDQ that `screen` finds on its list; the bytes `fetched("d")` are on it too."""
    return KNOWN


@pytest.fixture
def screen(store: MemoryStore, scorer: RedIsUnsafe, now: datetime) -> Iterator[Screen]:
    read = HashListFile(
        name="test", version="7", date=None, entries=1, pdq=(KNOWN,), sha256=("d" * 64,)
    )
    quarantine = StoreQuarantine(store, originals="none", threads=2)
    yield Screen(
        known=HashLists([read]),
        scorer=scorer,
        quarantine=quarantine,
        policy=load_policy(SHIPPED),
        now=lambda: now,
    )
    quarantine.close()


@pytest.fixture
def fetched() -> Callable[..., ImageFetched]:
    """Records whose bytes are known by one digit: `fetched("a", pdq=...)`."""

    def make(digit: str = "a", *, pdq: str = PDQ, pdq_quality: int = 100) -> ImageFetched:
        sha256 = Sha256(digit * 64)
        return like_example(
            ImageFetched,
            submission={"submission_id": SubmissionId(sha256), "image_id": ImageId(sha256)},
            image={
                "sha256": sha256,
                "pdq": pdq,
                "pdq_quality": pdq_quality,
                "original_key": keys.quarantine_original(sha256),
                "rendition_key": keys.quarantine_rendition(sha256),
            },
            lineage=(),
        )

    return make


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def put(store: MemoryStore) -> Callable[..., None]:
    """Lay an image of one colour into quarantine: `put(record, "red")`."""

    def lay(record: ImageFetched, colour: str = "green") -> None:
        data = io.BytesIO()
        PIL.Image.new("RGB", (32, 24), colour).save(data, "JPEG")
        sha256 = record.image.sha256
        rendition, original = keys.quarantine_rendition(sha256), keys.quarantine_original(sha256)
        store.put(rendition, data.getvalue(), content_type="image/jpeg")
        store.put(original, b"as published", content_type="application/octet-stream")

    return lay


@pytest.fixture
def list_file(tmp_path: Path) -> Callable[..., Path]:
    """A known-hash list of one PDQ, or of the given text."""

    def write(text: str | None = None) -> Path:
        path = tmp_path / "known.csv"
        path.write_text(text or f"# name: test\n# version: 7\npdq\n{PDQ}\n")
        return path

    return write
