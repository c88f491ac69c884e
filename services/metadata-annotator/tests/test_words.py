import dataclasses
import shutil
from pathlib import Path

import pytest
import rapidocr
from PIL import Image

from pixelprose.checkpoints import ModelNotLoaded
from pixelprose.demoworld import Lettering, Thing, lexicon, render, scene
from pixelprose.metadata_annotator.settings import WordsSection
from pixelprose.metadata_annotator.words import RapidOcrReader, load_words

MODELS = Path(rapidocr.__file__).parent / "models"


@pytest.fixture(scope="module")
def reader() -> RapidOcrReader:
    return load_words(WordsSection(detection_side=256))


def picture(text: str) -> Image.Image:
    font = lexicon.fonts("heldout")[0]
    plain = dataclasses.replace(
        scene(5), quality=1.0, lettering=Lettering("word", text, font), watermark=None
    )
    return render(plain, size=256)


@pytest.mark.parametrize("text", ["HERB", "212-555-0187", "post@example.com"])
def test_printed_texts_are_read(reader: RapidOcrReader, text: str) -> None:
    assert text in [word.text for word in reader.read(picture(text))]


def test_boxes_are_shares_of_the_picture(reader: RapidOcrReader) -> None:
    (word,) = [word for word in reader.read(picture("HERB")) if word.text == "HERB"]
    left, top, right, bottom = word.box
    assert 0 <= left < right <= 1
    assert 0.6 < top < 0.76 < bottom < 0.95
    assert 0.5 <= word.confidence <= 1


@pytest.mark.parametrize("size", [(64, 64), (1, 1), (400, 8)])
def test_an_empty_picture_has_no_words(reader: RapidOcrReader, size: tuple[int, int]) -> None:
    assert reader.read(Image.new("RGB", size)) == ()


def test_shapes_that_look_like_symbols_are_no_words(reader: RapidOcrReader) -> None:
    star = Thing(shape="star", colour="red", size="large", place="center")
    plain = dataclasses.replace(
        scene(5), things=(star,), quality=1.0, style="flat", lettering=None, watermark=None
    )
    assert not any("★" in word.text for word in reader.read(render(plain, size=256)))


def test_the_number_of_boxes_is_bounded() -> None:
    page = Image.new("RGB", (256, 256))
    for at in range(4):
        page.paste(picture("HERB").crop((0, 160, 256, 224)), (0, 64 * at))
    assert len(load_words(WordsSection(most=2)).read(page)) <= 2


def test_its_model_is_named_after_its_files(reader: RapidOcrReader) -> None:
    assert reader.model.name.startswith("PP-OCR")
    assert reader.model.revision.startswith("sha256:")


def test_a_folder_without_both_models_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelNotLoaded, match=r"must hold one \*_det_\*\.onnx, and holds none"):
        load_words(WordsSection(folder=tmp_path))


def test_a_damaged_model_is_refused(tmp_path: Path) -> None:
    for name in MODELS.glob("*_rec_*.onnx"):
        shutil.copy(name, tmp_path)
    (tmp_path / "broken_det_model.onnx").write_bytes(b"\xff" * 64)
    with pytest.raises(ModelNotLoaded, match="broken_det_model"):
        load_words(WordsSection(folder=tmp_path))
