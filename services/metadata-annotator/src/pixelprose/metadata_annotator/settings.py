"""What can be set about the metadata-annotator."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from pixelprose.metadata_annotator.policy import SHIPPED
from pixelprose.objectstore import StoreSettings
from pixelprose.records import StreamSettings

StepName = Literal["image", "caption"]


class ModelSection(BaseModel):
    """One model of transformers."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    model: str | None = Field(
        default=None, description="A checkpoint's folder, or a hub id with its revision"
    )
    revision: str | None = Field(
        default=None, description="Hub revision, required for a hub id; a folder's is its weights"
    )
    model_name: str | None = Field(
        default=None, description="The model's name in records; by default its own, or its id"
    )


class AestheticSection(ModelSection):
    """An image embedding and a head of linear layers on it, after LAION's predictors."""

    head: Path | None = Field(
        default=None, description="The head's safetensors; by default head.safetensors of the model"
    )


class WatermarkSection(ModelSection):
    """A classifier whose classes are, or stand for, watermark, none and text."""

    classes: dict[str, str] = Field(
        default_factory=dict, description="The model's own label to ours, where they differ"
    )


class StyleSection(ModelSection):
    """A classifier of styles; or a CLIP, and for each style a sentence that describes it."""

    sentences: dict[str, str] = Field(
        default_factory=dict,
        description="Style to a sentence, such as {photo: a photo}; the model is then a CLIP",
    )


class ToxicitySection(ModelSection):
    """A classifier with Detoxify's seven labels."""

    onnx: str | None = Field(
        default=None,
        pattern=r"^[\w.-]+\.onnx$",
        description="The checkpoint's ONNX file, where it has no safetensors; runs on the CPU",
    )


class WordsSection(BaseModel):
    """The reader of words in images."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path | None = Field(
        default=None,
        description="A folder with one *_det_*.onnx and one *_rec_*.onnx; rapidocr's own if unset",
    )
    detection_side: int = Field(
        default=640, ge=32, le=2048, description="Longest side in which text is looked for, pixels"
    )
    most: int = Field(default=64, ge=1, le=1000, description="Boxes read in one image at most")
    minimum_confidence: float = Field(
        default=0.5, ge=0, le=1, description="Words read with less are dropped"
    )
    threads: int = Field(default=1, ge=1, description="CPU threads of the ONNX runtime")


class MetadataAnnotatorSection(BaseModel):
    """The section `metadata_annotator`. Without the models of its steps it does not start."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: tuple[StepName, ...] = Field(
        default=("image", "caption"), min_length=1, description="Steps that this process runs"
    )
    policy: Path = Field(default=SHIPPED, description="Annotation policy (YAML)")
    aesthetic: AestheticSection = AestheticSection()
    watermark: WatermarkSection = WatermarkSection()
    style: StyleSection = StyleSection()
    toxicity: ToxicitySection = ToxicitySection()
    words: WordsSection = WordsSection()
    spacy: str | None = Field(
        default=None, description="A spaCy pipeline's folder, or the name of an installed one"
    )
    device: str = Field(default="cpu", description="torch device, such as cpu or cuda:0")
    threads: int = Field(default=1, ge=1, description="CPU threads of torch")
    local_only: bool = Field(default=True, description="Never ask the hub; use what is cached")
    batch_size: int = Field(default=16, ge=1, le=512, description="Records per model call")
    linger_seconds: float = Field(
        default=0.05, ge=0, le=5, description="Wait this long for a batch to fill"
    )
    store_threads: int = Field(default=8, ge=1, le=64, description="Concurrent store requests")


class MetadataAnnotatorSettings(StreamSettings):
    """All settings of the service."""

    store: StoreSettings
    metadata_annotator: MetadataAnnotatorSection = MetadataAnnotatorSection()
