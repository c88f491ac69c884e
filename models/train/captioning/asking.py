"""The shipped captioner, asked as the service asks it: through transformers, offline, greedily."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

import torch
from PIL import Image
from transformers import (
    AutoModelForImageTextToText,
    AutoProcessor,
    LlavaForConditionalGeneration,
    LlavaProcessor,
)

MAX_TOKENS: Final = 120


class Captioner:
    """A checkpoint folder, loaded in float32."""

    def __init__(self, processor: LlavaProcessor, model: LlavaForConditionalGeneration) -> None:
        # Any: the hints of transformers refuse its own calls.
        self._processor: Any = processor
        self._model: Any = model

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The checkpoint of a folder.

        Raises:
            OSError: a file of it is missing.
        """
        processor = AutoProcessor.from_pretrained(folder, local_files_only=True)  # type: ignore[no-untyped-call]
        processor.tokenizer.padding_side = "left"
        model = AutoModelForImageTextToText.from_pretrained(
            folder, dtype=torch.float32, local_files_only=True
        )
        return cls(processor, model.eval())  # type: ignore[no-untyped-call]

    def captions(self, images: Sequence[Image.Image], messages: Sequence[str]) -> list[str]:
        """One caption for each picture and message, in one batch."""
        answers = self.answers(images, messages)
        found: list[str] = self._processor.batch_decode(answers, skip_special_tokens=True)
        return found

    def answers(self, images: Sequence[Image.Image], messages: Sequence[str]) -> list[list[int]]:
        """The tokens of each caption, up to and with the one that ends it."""
        inputs = self._processor(
            text=[self.question(message) for message in messages],
            images=list(images),
            padding=True,
            return_tensors="pt",
            add_special_tokens=False,
        )
        with torch.inference_mode():
            output = self._model.generate(**inputs, max_new_tokens=MAX_TOKENS, do_sample=False)
        said = output[:, inputs["input_ids"].shape[1] :].tolist()
        pad = self._processor.tokenizer.pad_token_id
        return [[token for token in row if token != pad] for row in said]

    def question(self, message: str) -> str:
        """The text that the model reads for a picture and a message, by the chat template."""
        content = [{"type": "image"}, {"type": "text", "text": message}]
        chat = [{"role": "user", "content": content}]
        text: str = self._processor.apply_chat_template(
            chat, add_generation_prompt=True, tokenize=False
        )
        return text
