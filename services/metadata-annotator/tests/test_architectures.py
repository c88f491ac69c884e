"""The architectures that profiles name, with random weights of two layers, made on the spot."""

import json
import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from PIL import Image
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

from pixelprose.checkpoints import SAFETENSORS, ModelNotLoaded, find_checkpoint, weights_hash
from pixelprose.metadata_annotator.aesthetic import load_aesthetic
from pixelprose.metadata_annotator.loading import Models
from pixelprose.metadata_annotator.policy import AnnotationPolicy
from pixelprose.metadata_annotator.settings import (
    MetadataAnnotatorSection,
    StyleSection,
    ToxicitySection,
    WatermarkSection,
)
from pixelprose.metadata_annotator.toxicity import LABELS, TransformersToxicityScorer, load_toxicity
from pixelprose.metadata_annotator.zero_shot import load_zero_shot
from pixelprose.streamkit import Stop

# transformers' classes are not typed.
tf: Any = transformers
SMALL = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
SEEN = {**SMALL, "image_size": 32, "patch_size": 8}
SIDE = {"height": 32, "width": 32}
DETOXIFY = (*LABELS, "male", "female", "homosexual_gay_or_lesbian")
SENTENCES = {"photo": "a photo", "drawing": "a drawing on paper", "render": "a render of a scene"}
PICTURES = [Image.new("RGB", (48, 40), colour) for colour in ("red", "white", "navy")]


def tokenizer(folder: Path) -> Any:  # noqa: ANN401 - transformers' classes are not typed
    """One token per byte, saved beside the weights."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {character: at for at, character in enumerate(alphabet)}
    raw = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    made = tf.PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )
    # CLIP reads a sentence at its end, RoBERTa at its beginning: both are marked.
    made.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        special_tokens=[("<s>", made.bos_token_id), ("</s>", made.eos_token_id)],
    )
    made.model_max_length = 64
    made.save_pretrained(folder)
    return made


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole CLIP, as its authors published it: both towers in one file."""
    folder = tmp_path_factory.mktemp("clip")
    words = tokenizer(folder)
    torch.manual_seed(3)
    text = {
        "vocab_size": len(words),
        "eos_token_id": words.eos_token_id,
        "bos_token_id": words.bos_token_id,
        "pad_token_id": words.pad_token_id,
        "max_position_embeddings": 64,
    }
    config = tf.CLIPConfig(
        text_config={**SMALL, **text},
        vision_config={**SEEN, "projection_dim": 16},
        projection_dim=16,
    )
    tf.CLIPModel(config).save_pretrained(folder)
    CLIPImageProcessorPil(size=SIDE, crop_size=SIDE).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def siglip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SigLIP with a head of two classes."""
    folder = tmp_path_factory.mktemp("siglip")
    torch.manual_seed(3)
    config = tf.SiglipConfig(
        vision_config=SEEN,
        text_config={**SMALL, "vocab_size": 32},
        id2label={0: "No Watermark", 1: "Watermark"},
        label2id={"No Watermark": 0, "Watermark": 1},
        problem_type="single_label_classification",
    )
    tf.SiglipForImageClassification(config).save_pretrained(folder)
    SiglipImageProcessorPil(size=SIDE).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def onnx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A RoBERTa classifier with Detoxify's labels, as a graph; and once more as safetensors."""
    folder = tmp_path_factory.mktemp("onnx")
    words = tokenizer(folder)
    torch.manual_seed(3)
    config = tf.RobertaConfig(
        **SMALL,
        vocab_size=len(words),
        pad_token_id=words.pad_token_id,
        max_position_embeddings=512,
        id2label=dict(enumerate(DETOXIFY)),
        label2id={label: at for at, label in enumerate(DETOXIFY)},
        initializer_range=0.3,
        attn_implementation="eager",
    )
    network = tf.RobertaForSequenceClassification(config).eval().requires_grad_(requires_grad=False)
    network.save_pretrained(folder)

    class Graph(torch.nn.Module):
        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            found = network(input_ids=input_ids, attention_mask=attention_mask)
            return torch.as_tensor(found.logits)

    tokens = torch.randint(3, 200, (2, 9))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Graph().eval(),
            (tokens, torch.ones_like(tokens)),
            folder / "model.onnx",
            input_names=["input_ids", "attention_mask"],
            output_names=["logits"],
            dynamic_axes={
                name: {0: "texts", 1: "tokens"} for name in ("input_ids", "attention_mask")
            },
            dynamo=False,
        )
    return folder


def scorer(folder: Path, onnx: str | None) -> TransformersToxicityScorer:
    checkpoint = find_checkpoint(str(folder), weights=onnx or SAFETENSORS)
    return load_toxicity(checkpoint, onnx=onnx)


def test_a_whole_clip_with_the_head_of_laion_scores_pictures(clip: Path, tmp_path: Path) -> None:
    torch.manual_seed(3)
    widths = [16, 12, 8, 6, 4, 1]
    head = {}
    for at, (wide, narrow) in zip((0, 2, 4, 6, 7), pairwise(widths), strict=True):
        head[f"layers.{at}.weight"] = torch.randn(narrow, wide)
        head[f"layers.{at}.bias"] = torch.full((narrow,), 1.0)
    save_file(head, tmp_path / "model.safetensors")

    checkpoint = find_checkpoint(str(clip))
    aesthetic = load_aesthetic(checkpoint, head=tmp_path / "model.safetensors")
    scores = aesthetic.score(PICTURES)

    assert all(1 <= score <= 10 for score in scores)
    assert aesthetic.model.revision.endswith(weights_hash([tmp_path / "model.safetensors"]))


def test_a_siglip_tells_watermarks_by_its_own_labels(
    siglip: Path, policy: AnnotationPolicy
) -> None:
    classes = {"Watermark": "watermark", "No Watermark": "none"}
    section = MetadataAnnotatorSection(
        watermark=WatermarkSection(model=str(siglip), classes=classes)
    )

    [scores] = Models(section, policy)._watermark().classify(PICTURES[:1])

    assert scores.keys() == {"watermark", "none"}
    assert sum(scores.values()) == pytest.approx(1, abs=1e-5)


def test_a_siglip_whose_labels_are_not_explained_is_refused(
    siglip: Path, policy: AnnotationPolicy
) -> None:
    section = MetadataAnnotatorSection(watermark=WatermarkSection(model=str(siglip)))

    with pytest.raises(ModelNotLoaded, match="No Watermark, Watermark; say in `classes`"):
        Models(section, policy)._watermark()


def test_sentences_make_classes_of_a_clip(clip: Path) -> None:
    checkpoint = find_checkpoint(str(clip))
    style = load_zero_shot(checkpoint, sentences=SENTENCES)

    together = style.classify(PICTURES)

    assert style.labels == SENTENCES.keys()
    assert [sum(one.values()) for one in together] == pytest.approx([1, 1, 1], abs=1e-5)
    alone = [style.classify([picture])[0]["photo"] for picture in PICTURES]
    assert [one["photo"] for one in together] == pytest.approx(alone, abs=1e-4)
    assert len({round(one["photo"], 6) for one in together}) == 3
    assert style.classify([]) == []


def test_sentences_and_pictures_are_compared_as_clip_itself_does(clip: Path) -> None:
    style = load_zero_shot(find_checkpoint(str(clip)), sentences=SENTENCES)
    network = tf.CLIPModel.from_pretrained(clip).eval()
    words = tf.AutoTokenizer.from_pretrained(clip)(
        list(SENTENCES.values()), padding=True, return_tensors="pt"
    )
    pixels = CLIPImageProcessorPil.from_pretrained(clip)(images=PICTURES, return_tensors="pt")
    with torch.inference_mode():
        expected = network(**words, **pixels).logits_per_image.softmax(-1)

    found = [list(one.values()) for one in style.classify(PICTURES)]

    assert torch.allclose(torch.tensor(found), expected, atol=1e-4)


def test_the_style_section_chooses_by_its_sentences(clip: Path, policy: AnnotationPolicy) -> None:
    style = StyleSection(model=str(clip), sentences=SENTENCES)
    made = Models(MetadataAnnotatorSection(style=style), policy)._style()

    assert made.labels == SENTENCES.keys()


def test_one_sentence_is_nothing_to_tell_apart(clip: Path) -> None:
    with pytest.raises(ModelNotLoaded, match="two classes"):
        load_zero_shot(find_checkpoint(str(clip)), sentences={"photo": "a"})


def test_a_classifier_without_words_is_no_clip(siglip: Path) -> None:
    with pytest.raises(ModelNotLoaded):
        load_zero_shot(find_checkpoint(str(siglip)), sentences=SENTENCES)


def test_a_graph_scores_as_its_safetensors_do(onnx: Path) -> None:
    texts = ["a calm caption", "a much longer caption of many words " * 4, ""]

    graph, weights = scorer(onnx, "model.onnx"), scorer(onnx, None)

    for mine, theirs in zip(graph.score(texts), weights.score(texts), strict=True):
        for label in LABELS:
            assert getattr(mine, label) == pytest.approx(getattr(theirs, label), abs=1e-4)
    assert graph.model.library.startswith("onnxruntime ")
    assert graph.model.revision == weights_hash([onnx / "model.onnx"])


def test_a_graph_that_is_not_there_is_refused(onnx: Path) -> None:
    with pytest.raises(ModelNotLoaded, match=r"holds no other\.onnx"):
        scorer(onnx, "other.onnx")


def test_what_is_no_graph_is_refused(onnx: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text((onnx / "config.json").read_text())
    (tmp_path / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(ModelNotLoaded, match=r"model\.onnx"):
        scorer(tmp_path, "model.onnx")


def test_a_graph_without_the_labels_is_refused(onnx: Path, tmp_path: Path) -> None:
    for path in onnx.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    config["id2label"] = {str(at): f"LABEL_{at}" for at in range(len(DETOXIFY))}
    config["label2id"] = {label: int(at) for at, label in config["id2label"].items()}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelNotLoaded, match="lacks the labels toxicity"):
        scorer(tmp_path, "model.onnx")


@pytest.mark.parametrize("name", ["../model.onnx", "a/b.onnx", "model.bin", "*.onnx"])
def test_a_graph_is_named_by_a_plain_file_name(name: str) -> None:
    with pytest.raises(ValueError, match="onnx"):
        ToxicitySection(model="a", onnx=name)


def test_a_model_that_is_not_here_names_the_command_that_fetches_it(
    policy: AnnotationPolicy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    section = MetadataAnnotatorSection(
        toxicity=ToxicitySection(model="nobody/nothing", revision="0" * 40)
    )
    with pytest.raises(Stop, match="pixelprose models pull"):
        Models(section, policy).for_captions()
