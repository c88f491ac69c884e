"""Muon: momentum whose matrices are made orthogonal before they are applied.

Keller Jordan, "Muon: an optimizer for hidden layers in neural networks" (2024); coefficients of
the Newton-Schulz steps from there; the scale that matches AdamW's step from Liu et al.,
arXiv 2502.16982.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final

import torch

_STEPS: Final = 5
_A, _B, _C = 3.4445, -4.7750, 2.0315
_ADAM_RMS: Final = 0.2


class Muon(torch.optim.Optimizer):
    """For 2-D weights of hidden layers, in float32; matrices of one shape go together."""

    def __init__(
        self,
        params: Iterable[torch.nn.Parameter],
        *,
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.05,
    ) -> None:
        defaults = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
        super().__init__(list(params), defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Move every weight that has a gradient."""
        if closure is not None:
            raise ValueError("Muon takes no closure")
        for group in self.param_groups:
            by_shape: dict[tuple[int, ...], list[torch.nn.Parameter]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    by_shape[tuple(parameter.shape)].append(parameter)
            for shape, parameters in by_shape.items():
                self._move(parameters, max(shape), group)

    def _move(
        self, parameters: list[torch.nn.Parameter], longest: int, group: dict[str, Any]
    ) -> None:
        updates = [self._momentum(parameter, group["momentum"]) for parameter in parameters]
        directions = orthogonal(torch.stack(updates))
        for parameter, direction in zip(parameters, directions, strict=True):
            parameter.mul_(1 - group["lr"] * group["weight_decay"])
            parameter.add_(direction, alpha=-group["lr"] * _ADAM_RMS * longest**0.5)

    def _momentum(self, parameter: torch.nn.Parameter, momentum: float) -> torch.Tensor:
        gradient = parameter.grad
        assert gradient is not None  # noqa: S101 - only such parameters are handed in
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(gradient)
        state["momentum"].lerp_(gradient, 1 - momentum)
        return gradient.lerp(state["momentum"], momentum)


def orthogonal(matrices: torch.Tensor) -> torch.Tensor:
    """The nearest (semi-)orthogonal matrices of a batch, roughly: singular values near 1."""
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(_STEPS):
        a = x @ x.mT
        x = _A * x + (_B * a + _C * a @ a) @ x
    found: torch.Tensor = x.mT if tall else x
    return found
