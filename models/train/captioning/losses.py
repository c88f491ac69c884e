"""The two losses: what the vision tower sees, and what the whole model says."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from transformers import LlavaForConditionalGeneration

from captioning.examples import IGNORED, Batch
from captioning.heads import Heads
from captioning.model import GRID, MEAN, SPREAD


class Student(nn.Module):
    """The model and its training heads, as one module."""

    def __init__(
        self, model: LlavaForConditionalGeneration, heads: Heads, prefix: list[int]
    ) -> None:
        super().__init__()
        self.model = model
        self.heads = heads
        self.prefix = prefix  # tokens before the image: start of text, start of the user's turn

    def look(self, pictures: torch.Tensor) -> torch.Tensor:
        """Features of the patches, (batch, patches, width), of (batch, side, side, 3) bytes."""
        pixels = pictures.permute(0, 3, 1, 2).float().div_(255).sub_(MEAN).div_(SPREAD)
        tower = self.model.model.vision_tower
        features: torch.Tensor = tower(pixels, output_hidden_states=True).hidden_states[-1]
        return features[:, 1:]

    def speak(self, features: torch.Tensor, batch: Batch) -> torch.Tensor:
        """The mean loss per caption token, in nats."""
        inner = self.model.model
        embed = inner.language_model.get_input_embeddings()
        count = len(features)
        before = embed(torch.tensor(self.prefix, device=features.device)).expand(count, -1, -1)
        image = inner.multi_modal_projector(features)
        inputs = torch.cat([before, image, embed(batch.tokens)], dim=1)
        output = inner.language_model(inputs_embeds=inputs, use_cache=False).last_hidden_state
        spoken = batch.targets != IGNORED
        scores = self.model.lm_head(output[:, len(self.prefix) + GRID * GRID :][spoken])
        return cross_entropy(scores, batch.targets[spoken])

    def vision_loss(self, batch: Batch) -> torch.Tensor:
        """What the heads lose, for the first part of the training."""
        return self.heads.loss(self.look(batch.pictures), batch.scenes)

    def joint_loss(self, batch: Batch, *, heads_weight: float) -> tuple[torch.Tensor, torch.Tensor]:
        """The loss to descend, and the part of it that is about captions."""
        features = self.look(batch.pictures)
        said = self.speak(features, batch)
        return said + heads_weight * self.heads.loss(features, batch.scenes), said.detach()
