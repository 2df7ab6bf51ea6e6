"""The coefficient of the KL penalty, fixed or adaptive (Ziegler et al. 2019, section 2.2)."""

from dataclasses import dataclass

MAX_ERROR = 0.2
"""Bound on the relative error in one update."""


@dataclass
class KLController:
    """Raises the coefficient while the KL is above its target, and lowers it below.

        e = clip((KL - target) / target, -0.2, 0.2)
        coef <- coef (1 + K e)

    with K = completions / horizon, so that the pace does not depend on the iteration size. The
    paper's K = 0.1 corresponds to an iteration of a tenth of the horizon.

    `target` is in nats per completion; `None` keeps the coefficient fixed. `horizon` is in
    completions.
    """

    coef: float
    target: float | None
    horizon: float

    def update(self, kl: float, completions: int) -> None:
        """Adapt to the mean KL, in nats per completion, of `completions` completions."""
        if self.target is None:
            return
        error = (kl - self.target) / self.target
        error = min(max(error, -MAX_ERROR), MAX_ERROR)
        self.coef *= 1 + error * completions / self.horizon
