"""The captioner's shape: a LLaVA (CLIP vision, Llama language) small enough for one CPU core."""

from pathlib import Path
from typing import Final

import torch
from safetensors.torch import load_file, save_file
from transformers import (
    CLIPImageProcessorPil,
    CLIPVisionConfig,
    GenerationConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

from captioning.album import IMAGE_SIDE
from captioning.tokens import CHAT_TEMPLATE

PATCH: Final = 16
GRID: Final = IMAGE_SIDE // PATCH
WIDTH: Final = 128
VISION_LAYERS: Final = 4
TEXT_LAYERS: Final = 3
MEAN: Final = 0.5
SPREAD: Final = 0.25
_HEAD: Final = 32
_VISION_KEY: Final = "vision_tower."
_LLAVA_VISION_KEY: Final = "vision_tower.vision_model."


def build_model(tokenizer: PreTrainedTokenizerFast) -> LlavaForConditionalGeneration:
    """A fresh model for that vocabulary, in float32."""
    ids = {
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    vision = CLIPVisionConfig(
        hidden_size=WIDTH,
        intermediate_size=4 * WIDTH,
        num_hidden_layers=VISION_LAYERS,
        num_attention_heads=WIDTH // _HEAD,
        image_size=IMAGE_SIDE,
        patch_size=PATCH,
        projection_dim=WIDTH,
        hidden_act="gelu_pytorch_tanh",
    )
    text = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=320,
        num_hidden_layers=TEXT_LAYERS,
        num_attention_heads=WIDTH // _HEAD,
        num_key_value_heads=WIDTH // _HEAD,
        head_dim=_HEAD,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        **ids,
    )
    config = LlavaConfig(
        vision_config=vision.to_dict(),
        text_config=text.to_dict(),
        image_token_index=tokenizer.added_tokens_encoder["<image>"],
        image_seq_length=GRID * GRID,
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        projector_hidden_act="gelu",
        tie_word_embeddings=True,
    )
    model = LlavaForConditionalGeneration(config)
    model.generation_config = GenerationConfig(do_sample=False, **ids)  # type: ignore[no-untyped-call]
    return model


def build_processor(tokenizer: PreTrainedTokenizerFast) -> LlavaProcessor:
    """The processor that turns messages and pictures into the model's input."""
    side = {"height": IMAGE_SIDE, "width": IMAGE_SIDE}
    images = CLIPImageProcessorPil(
        size=side,
        crop_size=side,
        do_center_crop=False,
        do_resize=True,
        resample=3,
        image_mean=[MEAN] * 3,
        image_std=[SPREAD] * 3,
    )
    return LlavaProcessor(  # type: ignore[no-untyped-call]
        image_processor=images,
        tokenizer=tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        chat_template=CHAT_TEMPLATE,
        num_additional_image_tokens=1,
    )


def export(model: LlavaForConditionalGeneration, processor: LlavaProcessor, folder: Path) -> None:
    """Write weights (bfloat16), tokenizer and processor, as transformers and vLLM both load them.

    transformers 5 writes vision keys that vLLM does not know; the older LLaVA names suit both.
    """
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    weights = folder / "model.safetensors"
    tensors = {
        _renamed(key): value.to(torch.bfloat16).contiguous()
        for key, value in load_file(weights).items()
    }
    save_file(tensors, weights, metadata={"format": "pt"})
    weights.chmod(0o644)  # safetensors writes for its owner alone


def _renamed(key: str) -> str:
    for prefix in (_VISION_KEY, f"model.{_VISION_KEY}"):
        if key.startswith(prefix) and _LLAVA_VISION_KEY not in key:
            return key.replace(_VISION_KEY, _LLAVA_VISION_KEY, 1)
    return key
