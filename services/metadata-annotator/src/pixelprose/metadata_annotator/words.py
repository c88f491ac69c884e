"""Words in pictures by rapidocr, whose detection and recognition models ship in its wheel."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import rapidocr
from PIL import Image, ImageDraw, ImageFont
from rapidocr.utils.output import RapidOCROutput

from pixelprose.checkpoints import ModelNotLoaded, installed, weights_hash
from pixelprose.metadata_annotator.ports import WordReader
from pixelprose.metadata_annotator.settings import WordsSection
from pixelprose.records import Model, Word

_PROBE: Final = "READ"
_PACKAGED: Final = Path(rapidocr.__file__).parent / "models"


class RapidOcrReader(WordReader):
    """Finds lines of text, then reads each. Upright and somewhat turned text; not upside down.

    What has neither letter nor digit is no word: shapes are often read as symbols.
    """

    def __init__(self, engine: rapidocr.RapidOCR, *, model: Model) -> None:
        self._engine = engine
        self._model = model

    @property
    def model(self) -> Model:
        """The pair of models, named after their files."""
        return self._model

    def read(self, picture: Image.Image) -> tuple[Word, ...]:
        """The lines, top to bottom, then left to right."""
        found = self._engine(np.ascontiguousarray(np.asarray(picture)[:, :, ::-1]))
        if not isinstance(found, RapidOCROutput) or found.boxes is None:
            return ()
        lines = zip(found.txts or (), found.scores or (), found.boxes, strict=True)
        return tuple(
            Word(text=text, confidence=min(1.0, float(score)), box=_box(corners, picture.size))
            for text, score, corners in lines
            if any(map(str.isalnum, text))
        )


def load_words(settings: WordsSection) -> RapidOcrReader:
    """Load both models from a folder, or those of the wheel. Nothing is downloaded.

    Raises:
        ModelNotLoaded: a model is missing or damaged, or can't read a probe.
    """
    folder = settings.folder or _PACKAGED
    detection, recognition = _only(folder, "*_det_*.onnx"), _only(folder, "*_rec_*.onnx")
    model = Model(
        name=detection.stem.replace("_det_", "_"),
        revision=weights_hash([detection, recognition]),
        library=installed("rapidocr"),
    )
    try:
        reader = RapidOcrReader(_engine(settings, detection, recognition), model=model)
        read = " ".join(word.text for word in reader.read(_probe()))
    # Its engines translate whatever the ONNX runtime raises into errors of no common type.
    except Exception as error:
        raise ModelNotLoaded(f"{detection} and {recognition}: {error}") from error
    if _PROBE not in read:
        raise ModelNotLoaded(f"{detection} and {recognition} read {read!r} for {_PROBE!r}")
    return reader


def _engine(settings: WordsSection, detection: Path, recognition: Path) -> rapidocr.RapidOCR:
    params: dict[str, Any] = {
        "Global.log_level": "error",
        "Global.text_score": settings.minimum_confidence,
        "Global.use_cls": False,  # turning upside-down lines doubles the time
        "EngineConfig.onnxruntime.intra_op_num_threads": settings.threads,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        "Det.model_path": str(detection),
        # By default small images are enlarged to 736 pixels, which is 6x slower and reads no more.
        "Det.limit_type": "max",
        "Det.limit_side_len": settings.detection_side,
        "Det.max_candidates": settings.most,
        "Rec.model_path": str(recognition),
    }
    return rapidocr.RapidOCR(params=params)


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise ModelNotLoaded(f"{folder} must hold one {pattern}, and holds {names}")
    return found[0]


def _probe() -> Image.Image:
    picture = Image.new("RGB", (192, 96), "white")
    font = ImageFont.load_default(size=48)
    ImageDraw.Draw(picture).text((96, 48), _PROBE, fill="black", font=font, anchor="mm")
    return picture


def _box(
    corners: "np.ndarray[Any, Any]", size: tuple[int, int]
) -> tuple[float, float, float, float]:
    """The upright box around four corners, as shares of the picture's width and height."""
    shares = np.clip(np.asarray(corners, dtype=float) / size, 0.0, 1.0)
    (left, top), (right, bottom) = shares.min(axis=0), shares.max(axis=0)
    return float(left), float(top), float(right), float(bottom)
