"""Best of n: the sample of a model that the reward likes best, chosen while being asked.

It trains nothing, and asks the recommender at every use: what tuning should make unnecessary.
"""

from collections.abc import Sequence

from reward_models.composite import Composite
from rl_explain.alignment.examples import Example, columns
from rl_explain.alignment.explainer import Explainer


def best_of_n(
    explainer: Explainer,
    examples: Sequence[Example],
    composite: Composite,
    n: int,
    *,
    max_new_tokens: int,
    seed: int,
) -> list[str]:
    """For each question the best of `n` samples at temperature 1; the first one of equals.

    Samples without a score are chosen last.
    """
    answers = explainer.generate(
        [example.prompt for example in examples],
        temperature=1.0,
        num_return_sequences=n,
        max_new_tokens=max_new_tokens,
        seed=seed,
        description="best_of_n",
    )
    repeated = [example for example in examples for _ in range(n)]
    totals = composite([text for texts in answers for text in texts], **columns(repeated)).total
    scores = [total if isinstance(total, float) else float("-inf") for total in totals]
    best = [max(range(n), key=lambda k: scores[row * n + k]) for row in range(len(examples))]
    return [texts[k] for texts, k in zip(answers, best, strict=True)]
