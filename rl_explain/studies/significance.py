"""Whether two methods differ, and by how much of their spread: paired, over users.

Were two methods the same, exchanging their cases of a user would be as likely as not (Fisher's
randomization test; Good 2005, "Permutation, Parametric, and Bootstrap Tests of Hypotheses",
chapter 3). Whole users are exchanged, within their seed.
"""

from collections.abc import Sequence

import numpy as np
from scipy.stats import permutation_test as scipy_permutation_test
from statsmodels.stats.multitest import multipletests

from rl_explain.evaluation.statistics import Measure, paired_by_user

PERMUTATIONS = 10_000
AT_ONCE = 1000
"""Permutations whose sums are taken together, which bounds memory."""
EQUAL_SPREAD = 1e-9
"""A standard deviation of differences below this is rounding."""
ROUNDED = 12
"""Digits of a difference of means; what is smaller is rounding of the sums."""


def permutation_test(
    a: Measure, b: Measure, permutations: int = PERMUTATIONS, seed: int = 0
) -> float:
    """Two-sided p-value, in (0, 1], that the means over cases of `a` and `b` are the same.

    Exact over all exchanges where there are no more than `permutations`; else over that many
    drawn ones, the observed one counted among them (Phipson and Smyth 2010, equation 2). NaN where
    either measure applies to no case.

    Raises:
        ValueError: the two measures are of different users.
    """
    of_a, of_b = paired_by_user(a, b)
    if not of_a.counts.any() or not of_b.counts.any():
        return np.nan
    sums, moved = of_a.sums + of_b.sums, of_a.sums - of_b.sums
    counts, regrouped = of_a.counts + of_b.counts, of_a.counts - of_b.counts

    def gap(signs: np.ndarray, axis: int = -1) -> np.ndarray:
        """The distance of both means; SciPy turns the sign of a user (B, U) that is exchanged."""
        sum_a, count_a = (sums.sum() + signs @ moved) / 2, (counts.sum() + signs @ regrouped) / 2
        with np.errstate(invalid="ignore", divide="ignore"):
            found = np.abs(sum_a / count_a - (sums.sum() - sum_a) / (counts.sum() - count_a))
        # Where one side is left without a case, the exchange says nothing against equality.
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
    """P-values adjusted for the whole family (Holm 1979): below alpha, the error rate of the family
    is below alpha. NaN stays, and counts for no member of the family.
    """
    adjusted = np.asarray(p_values, dtype=float)
    tested = ~np.isnan(adjusted)
    if tested.any():
        adjusted[tested] = multipletests(adjusted[tested], method="holm")[1]
    return adjusted.tolist()


def effect_size(a: Measure, b: Measure) -> float:
    """Standardised paired difference, d_z of Lakens 2013 (equation 6): the mean over users of what
    `a` is above `b`, in standard deviations of that difference.

    Users to whose cases one of the two does not apply are left out. 0 where the two never differ;
    NaN for fewer than two users, or where all differ by the same.

    Raises:
        ValueError: the two measures are of different users.
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
