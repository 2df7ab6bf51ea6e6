"""PPO's optimiser: two parameter groups, the adapter and the value head, at constant rates."""

from typing import Any

from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR


def two_rates(
    model: nn.Module,
    kind: type[Optimizer],
    options: dict[str, Any],
    adapter_rate: float,
    value_rate: float,
) -> Optimizer:
    """An optimiser of class `kind`; its first group is the adapter, its second the value head."""
    groups: tuple[list[nn.Parameter], list[nn.Parameter]] = ([], [])
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            groups["value_head" in name].append(weight)
    rates = zip(groups, (adapter_rate, value_rate), strict=True)
    return kind([{"params": group, "lr": rate} for group, rate in rates], **options)


def value_warmup(optimiser: Optimizer, steps: int) -> LambdaLR:
    """Constant rates; the adapter's is 0 in the first `steps`, while the value head warms up."""
    return LambdaLR(optimiser, [lambda step: float(step >= steps), lambda step: 1.0])
