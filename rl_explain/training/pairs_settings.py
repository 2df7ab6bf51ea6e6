"""Settings of the preference pairs."""

from dataclasses import dataclass

from rl_explain.config.checks import at_least, one_of, positive
from rl_explain.errors import UserError


@dataclass
class PairsSettings:
    """Preference pairs: several samples a prompt, the best against a worse one."""

    prompts: int = 800
    """Explanation prompts sampled from."""
    samples: int = 6
    """Completions of each prompt."""
    temperature: float = 0.7
    margin: float = 0.2
    """Least difference in composite reward between chosen and rejected."""
    rejected: str = "closest"
    """`closest`: of the samples that are bad enough the one most like the best; or `worst`."""
    constrained_decoding: bool = False
    """Whether samples quote nothing but titles of their prompts; needs a fast tokenizer."""

    def __post_init__(self) -> None:
        one_of("training.pairs.rejected", self.rejected, ("closest", "worst"))
        positive(self, "training.pairs", "prompts", "samples", "temperature")
        at_least(self, "training.pairs", "samples", 2, "the best and the worst of which pair")
        if not self.margin >= 0:
            raise UserError(f"training.pairs.margin is {self.margin}: give 0 or more.")
