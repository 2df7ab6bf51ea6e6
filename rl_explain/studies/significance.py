"""Paired tests and effect sizes of the difference between two methods, over users.

If two methods are equal, exchanging their cases of a user does not change the distribution
(Fisher's randomization test; Good 2005, "Permutation, Parametric, and Bootstrap Tests of
Hypotheses", chapter 3). Whole users are exchanged, within their seed.
"""

from collections.abc import Sequence

import numpy as np
from scipy.stats import permutation_test as scipy_permutation_test
from statsmodels.stats.multitest import multipletests

from rl_explain.evaluation.statistics import Measure, paired_by_user

PERMUTATIONS = 10_000
AT_ONCE = 1000
"""Permutations per batch, to bound memory."""
EQUAL_SPREAD = 1e-9
"""A standard deviation of differences below this is a rounding error."""
ROUNDED = 12
"""Digits of a difference of means; smaller digits are rounding errors of the sums."""


def permutation_test(
    a: Measure, b: Measure, permutations: int = PERMUTATIONS, seed: int = 0
) -> float:
    """Two-sided p-value, in (0, 1], for equal means over cases of `a` and `b`.

    Exact if there are at most `permutations` exchanges; otherwise over that many random ones, with
    the observed one counted (Phipson and Smyth 2010, equation 2). NaN if either measure applies to
    no case.

    Raises:
        ValueError: the measures have different users.
    """
    of_a, of_b = paired_by_user(a, b)
    if not of_a.counts.any() or not of_b.counts.any():
        return np.nan
    sums, moved = of_a.sums + of_b.sums, of_a.sums - of_b.sums
    counts, regrouped = of_a.counts + of_b.counts, of_a.counts - of_b.counts

    def gap(signs: np.ndarray, axis: int = -1) -> np.ndarray:
        """Absolute difference of the means (B,); `signs` (B, U) is -1 for exchanged users."""
        sum_a, count_a = (sums.sum() + signs @ moved) / 2, (counts.sum() + signs @ regrouped) / 2
        with np.errstate(invalid="ignore", divide="ignore"):
            found = np.abs(sum_a / count_a - (sums.sum() - sum_a) / (counts.sum() - count_a))
        # An exchange that leaves one side without cases counts as at least as extreme.
        return np.round(np.nan_to_num(found, nan=np.inf, posinf=np.inf), ROUNDED)

    found = scipy_permutation_test(
        (np.ones(len(sums)),),
        gap,
        permutation_type="samples",
        vectorized=True,
        n_resamples=permutations,
        batch=AT_ONCE,
        alternative="greater",
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm-adjusted p-values (Holm 1979), which control the family-wise error rate.

    NaN stays NaN and does not count as a member of the family.
    """
    adjusted = np.asarray(p_values, dtype=float)
    tested = ~np.isnan(adjusted)
    if tested.any():
        adjusted[tested] = multipletests(adjusted[tested], method="holm")[1]
    return adjusted.tolist()


def effect_size(a: Measure, b: Measure) -> float:
    """Standardised paired difference d_z (Lakens 2013, equation 6): the mean over users of `a - b`
    divided by the standard deviation of that difference.

    Users for whom either measure applies to no case are left out. 0 if the two never differ; NaN
    for fewer than two users, or if all users differ by the same amount.

    Raises:
        ValueError: the measures have different users.
    """
    of_a, of_b = paired_by_user(a, b)
    both = (of_a.counts > 0) & (of_b.counts > 0)
    differences = of_a.sums[both] / of_a.counts[both] - of_b.sums[both] / of_b.counts[both]
    if len(differences) < 2:
        return np.nan
    if not differences.any():
        return 0.0
    spread = differences.std(ddof=1)
    return float(differences.mean() / spread) if spread > EQUAL_SPREAD else np.nan
