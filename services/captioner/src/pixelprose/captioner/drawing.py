"""Drawing tokens at random, so that each row of a batch is what it would be alone."""

from collections.abc import Sequence

import torch
from transformers import (
    LogitsProcessor,
    LogitsProcessorList,
    TemperatureLogitsWarper,
    TopPLogitsWarper,
)

from pixelprose.records import Sampling


class SeededNoise(LogitsProcessor):
    """Adds Gumbel noise from one generator per row, so that greedy decoding samples.

    argmax(logits + Gumbel) is a draw from softmax(logits) (Gumbel 1954). torch's own sampling has
    one generator per call: what a row gets would depend on its neighbours.
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        # On the CPU, where a seed means the same on every machine.
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Return the scores with fresh noise; `input_ids` does not matter."""
        del input_ids
        size = scores.shape[-1]
        waits = [torch.empty(size).exponential_(generator=g) for g in self._generators]
        return scores - torch.stack(waits).log().to(scores)  # type: ignore[return-value]


def processors(sampling: Sampling, seeds: Sequence[int]) -> LogitsProcessorList:
    """Return what turns greedy decoding into this sampling; nothing at temperature 0."""
    if sampling.temperature == 0:
        return LogitsProcessorList()
    return LogitsProcessorList(
        [
            TemperatureLogitsWarper(sampling.temperature),
            TopPLogitsWarper(sampling.top_p),
            SeededNoise(seeds),
        ]
    )
