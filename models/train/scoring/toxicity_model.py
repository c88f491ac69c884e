"""The toxicity scorer: a tiny BERT over byte pairs, with one sigmoid a label."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import (
    BatchEncoding,
    BertConfig,
    BertForSequenceClassification,
    PreTrainedTokenizerFast,
)

from scoring.insults import LABELS, Utterance, utterance

VOCABULARY: Final = 1200
LONGEST: Final = 160
"""Tokens; what is longer is cut."""


def train_tokenizer(texts: Sequence[str]) -> PreTrainedTokenizerFast:
    """Lower-cased byte pairs of these texts: every text has tokens, known words or not."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["[PAD]", "[CLS]"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A", special_tokens=[("[CLS]", tokenizer.token_to_id("[CLS]"))]
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token="[PAD]",  # noqa: S106 - tokens of a vocabulary
        cls_token="[CLS]",  # noqa: S106
        model_max_length=LONGEST,
        model_input_names=["input_ids", "attention_mask"],
    )


def new_model(vocabulary: int) -> BertForSequenceClassification:
    """An untrained model of about 0.12 M parameters."""
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=96,
        max_position_embeddings=LONGEST,
        type_vocab_size=1,
        id2label=dict(enumerate(LABELS)),
        label2id={label: i for i, label in enumerate(LABELS)},
        problem_type="multi_label_classification",
    )
    # The name that services write into records: it must say that this is a demo model.
    config.update({"pixelprose_name": "demo-toxicity"})
    return BertForSequenceClassification(config)  # type: ignore[no-untyped-call]


def targets(said: Sequence[Utterance]) -> torch.Tensor:
    """Zeros and ones (n, 7)."""
    return torch.tensor([[float(label in each.labels) for label in LABELS] for each in said])


def train(
    *, count: int, steps: int, batch: int, seed: int, device: str = "cpu"
) -> tuple[BertForSequenceClassification, PreTrainedTokenizerFast]:
    """A model and its tokenizer after `steps` batches of `count` texts; prints the loss."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    said = [utterance(rng, split="train") for _ in range(count)]
    tokenizer = train_tokenizer([each.text for each in said])
    model = new_model(len(tokenizer)).train().to(device)
    optimiser = torch.optim.AdamW(model.parameters(), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=2e-3, total_steps=steps)
    losses: list[float] = []
    for step in range(1, steps + 1):
        chosen = rng.sample(said, batch)
        inputs = encoded(tokenizer, chosen).to(device)
        loss = model(**inputs, labels=targets(chosen).to(device)).loss
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
        if step % 20 == 0:
            print(f"step {step} loss {np.mean(losses[-20:]):.4f}", flush=True)
    return model.cpu().eval(), tokenizer


def encoded(tokenizer: PreTrainedTokenizerFast, said: Sequence[Utterance]) -> BatchEncoding:
    """Token ids and mask, padded to the longest."""
    texts = [each.text for each in said]
    inputs: BatchEncoding = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    return inputs


def save(
    model: BertForSequenceClassification, tokenizer: PreTrainedTokenizerFast, folder: Path
) -> None:
    """Weights as float16 safetensors, and the tokenizer."""
    model.half().save_pretrained(folder)  # type: ignore[no-untyped-call]
    (folder / "model.safetensors").chmod(0o644)
    tokenizer.save_pretrained(folder)
