"""The coefficient of the KL penalty, fixed or adaptive (Ziegler et al. 2019, section 2.2)."""

from dataclasses import dataclass

MAX_ERROR = 0.2
"""Bound on the relative error that one update reacts to."""


@dataclass
class KLController:
    """Raises the coefficient while the policy is further from the reference than wanted.

        e = clip((KL - target) / target, -0.2, 0.2)
        coef <- coef (1 + K e)

    with K = completions / horizon, so that the pace does not depend on the size of an iteration.
    The paper's K = 0.1 is an iteration of a tenth of the horizon.

    `target` is in nats a completion, `None` keeps the coefficient fixed; `horizon` is in
    completions.
    """

    coef: float
    target: float | None
    horizon: float

    def update(self, kl: float, completions: int) -> None:
        """Adapt to the mean KL, in nats a completion, of that many completions."""
        if self.target is None:
            return
        error = (kl - self.target) / self.target
        error = min(max(error, -MAX_ERROR), MAX_ERROR)
        self.coef *= 1 + error * completions / self.horizon
