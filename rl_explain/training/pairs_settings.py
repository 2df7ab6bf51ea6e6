"""Settings of the preference pairs."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from rl_explain.config.validation import settings


@settings("training.pairs")
class PairsSettings:
    """Preference pairs: several samples a prompt, the best against a worse one."""

    prompts: PositiveInt = 800
    """Explanation prompts sampled from."""
    samples: Annotated[int, Field(ge=2)] = 6
    """Completions of each prompt."""
    temperature: PositiveFloat = 0.7
    margin: NonNegativeFloat = 0.2
    """Least difference in composite reward between chosen and rejected."""
    rejected: Literal["closest", "worst"] = "closest"
    """`closest`: of the samples that are bad enough the one most like the best; or `worst`."""
    constrained_decoding: bool = False
    """Whether samples quote nothing but titles of their prompts; needs a fast tokenizer."""
