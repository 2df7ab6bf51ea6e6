"""Settings of the preference pairs."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from rl_explain.config.validation import settings


@settings("training.pairs")
class PairsSettings:
    """Preference pairs: the best of a prompt's samples and a worse one."""

    prompts: PositiveInt = 800
    """Explanation prompts to sample from."""
    samples: Annotated[int, Field(ge=2)] = 6
    """Completions per prompt."""
    temperature: PositiveFloat = 0.7
    margin: NonNegativeFloat = 0.2
    """Minimum difference in composite reward between chosen and rejected."""
    rejected: Literal["closest", "worst"] = "closest"
    """`closest`: of the samples worse by `margin`, the one most similar to the best; or `worst`."""
    constrained_decoding: bool = False
    """Whether samples can quote only titles of their prompts; needs a fast tokenizer."""
