"""Captions by any image-text-to-text model that transformers has natively, on a CPU or GPU."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import torch
from transformers import GenerationConfig

from pixelprose.captioner.asking import picture, seed
from pixelprose.captioner.drawing import processors
from pixelprose.captioner.port import Captioner, CaptionRequest, Completion
from pixelprose.checkpoints import Checkpoint, installed
from pixelprose.records import Model, Sampling

# transformers does not type its models, processors and what they hand to each other.
Network: TypeAlias = Any
Processor: TypeAlias = Any
Inputs: TypeAlias = Any


class TransformersCaptioner(Captioner):
    """Computes up to `batch_size` requests at a time.

    Only what a policy says decides about sampling: of the checkpoint's own generation settings
    just the token ids are kept. Not safe to call from several threads.
    """

    def __init__(
        self,
        network: Network,
        processor: Processor,
        *,
        checkpoint: Checkpoint,
        batch_size: int,
    ) -> None:
        self._network = network
        self._processor = processor
        self._batch_size = batch_size
        self._ends = _ends(network, processor)
        text = network.config.get_text_config(decoder=True)
        self._context: int | None = getattr(text, "max_position_embeddings", None)
        self._network.generation_config = GenerationConfig(  # type: ignore[no-untyped-call]
            eos_token_id=sorted(self._ends), pad_token_id=_padding(processor, self._ends)
        )
        self._model = checkpoint.model("transformers")
        kind = str(network.dtype).removeprefix("torch.")
        self._engine = f"{self._model.library}, {installed('torch')}, {network.device.type}, {kind}"

    @property
    def model(self) -> Model:
        """Name, revision and library."""
        return self._model

    @property
    def engine(self) -> str:
        """Library, device and precision."""
        return self._engine

    def caption(self, requests: Sequence[CaptionRequest]) -> Sequence[Completion]:
        """Return one completion per request, in order.

        Raises:
            BrokenImage: an image is no JPEG.
        """
        completions: dict[int, Completion] = {}
        for batch in _batches(requests, size=self._batch_size):
            answers = self._generate([requests[at] for at in batch])
            completions |= zip(batch, answers, strict=True)
        return [completions[at] for at in range(len(requests))]

    def _generate(self, requests: Sequence[CaptionRequest]) -> list[Completion]:
        sampling = requests[0].sampling
        inputs = self._inputs(requests)
        counts = inputs["attention_mask"].sum(dim=1).tolist()
        if any(self._too_long(count, sampling) for count in counts):
            return self._generate_what_fits(requests, counts)
        with torch.inference_mode():
            tokens = self._network.generate(
                **inputs,
                do_sample=False,
                max_new_tokens=sampling.max_tokens,
                logits_processor=processors(sampling, [seed(one) for one in requests]),
            )
        answers = tokens[:, inputs["input_ids"].shape[1] :].tolist()
        return [
            self._completion(said, prompt_tokens=count)
            for said, count in zip(answers, counts, strict=True)
        ]

    def _generate_what_fits(
        self, requests: Sequence[CaptionRequest], counts: Sequence[int]
    ) -> list[Completion]:
        sampling = requests[0].sampling
        pairs = list(zip(requests, counts, strict=True))
        fitting = [one for one, count in pairs if not self._too_long(count, sampling)]
        answers = iter(self._generate(fitting) if fitting else ())
        return [
            Completion("", count, 0, "length") if self._too_long(count, sampling) else next(answers)
            for _, count in pairs
        ]

    def _too_long(self, prompt_tokens: int, sampling: Sampling) -> bool:
        return self._context is not None and prompt_tokens + sampling.max_tokens > self._context

    def _inputs(self, requests: Sequence[CaptionRequest]) -> Inputs:
        """Tokens and pixels, padded on the left, so that every answer begins in one column."""
        inputs = self._processor.apply_chat_template(
            [_conversation(request) for request in requests],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            processor_kwargs={"padding": True, "padding_side": "left"},
        )
        return inputs.to(self._network.device, dtype=self._network.dtype)

    def _completion(self, said: list[int], *, prompt_tokens: int) -> Completion:
        end = next((at for at, token in enumerate(said) if token in self._ends), None)
        text = self._processor.decode(said[:end], skip_special_tokens=True)
        return Completion(
            text=text.strip(),
            prompt_tokens=prompt_tokens,
            completion_tokens=len(said) if end is None else end + 1,
            finish_reason="length" if end is None else "stop",
        )


def _batches(requests: Sequence[CaptionRequest], *, size: int) -> Iterator[list[int]]:
    """Indices of at most `size` requests that are sampled alike, in order."""
    alike: dict[Sampling, list[int]] = {}
    for at, request in enumerate(requests):
        alike.setdefault(request.sampling, []).append(at)
    for indices in alike.values():
        yield from (indices[at : at + size] for at in range(0, len(indices), size))


def _conversation(request: CaptionRequest) -> list[dict[str, Any]]:
    """The image first: questions about the same image then share their beginning."""
    content = [
        {"type": "image", "image": picture(request)},
        {"type": "text", "text": request.prompt},
    ]
    return [{"role": "user", "content": content}]


def _ends(network: Network, processor: Processor) -> frozenset[int]:
    """The tokens that end an answer."""
    found = network.generation_config.eos_token_id
    if found is None:
        found = processor.tokenizer.eos_token_id
    if found is None:
        raise ValueError("neither the generation settings nor the tokenizer name an end token")
    return frozenset([found] if isinstance(found, int) else found)


def _padding(processor: Processor, ends: frozenset[int]) -> int:
    found = processor.tokenizer.pad_token_id
    return min(ends) if found is None else int(found)
