"""What a study found: a table for each data set, what moved, and who beats whom."""

from collections.abc import Mapping, Sequence

from rl_explain.evaluation.movement import what_moved
from rl_explain.evaluation.reading import side_by_side
from rl_explain.evaluation.results import Result
from rl_explain.evaluation.statistics import RESAMPLES, Estimate, difference
from rl_explain.evaluation.table import BELOW, in_order, markdown_tables, show

REGRET = "faithfulness/regret_score"
ENDINGS = ("", "_masking", "_replacement", "_log_probability")
RIVALS = ("sft", "sft_clean", "best_of_n", "most_similar")
"""Rows that tuned methods are held against."""
READ = 20
"""Cases that are shown to be read."""


def study_report(
    results: Mapping[str, Mapping[str, Result]],
    costs: Mapping[str, str],
    seeds: Sequence[int],
    resamples: int = RESAMPLES,
) -> str:
    """Markdown; `results` by data set, then by method, pooled over seeds; `costs` by data set."""
    parts = [f"Pooled over the seeds {', '.join(map(str, seeds))}; 95 % intervals over users."]
    for data, methods in results.items():
        parts += [
            f"# {data}",
            markdown_tables(methods),
            "## Differences in the regret score, paired",
            differences(methods, resamples),
            "## Share of the way from SFT to the oracle",
            gaps(methods),
            "## What it cost, mean over seeds",
            costs[data],
            "## What moved",
            what_moved(methods, resamples),
            "## Explanations to read",
            side_by_side(methods, READ),
        ]
    return "\n\n".join(part for part in parts if part) + "\n"


def differences(methods: Mapping[str, Result], resamples: int = RESAMPLES) -> str:
    """A row a tuned method and rival, a column a way to perturb; intervals of the difference."""
    lines = [
        "| method | against | deletion | masking | replacement | log-probability |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for method in tuned(methods):
        for rival in (name for name in RIVALS if name in methods and name != method):
            cells = [
                show(_difference(methods[method], methods[rival], REGRET + ending, resamples))
                for ending in ENDINGS
            ]
            lines.append(f"| {method} | {rival} | {' | '.join(cells)} |")
    return "\n".join(lines)


def gaps(methods: Mapping[str, Result]) -> str:
    """How much of the distance from SFT to the oracle each method has covered."""
    start, goal = (methods[name].metrics.get(REGRET) for name in ("sft", "oracle"))
    if start is None or goal is None:
        return ""
    shares = {
        method: (value - start) / (goal - start)
        for method in tuned(methods)
        if (value := methods[method].metrics.get(REGRET)) is not None
    }
    return "\n".join(f"- {method}: {share:.2f}" for method, share in shares.items())


def tuned(methods: Mapping[str, Result]) -> list[str]:
    """The methods that were tuned, in the order of the tables."""
    return [m for m in in_order(methods) if m not in ("base", "sft", *BELOW)]


def _difference(a: Result, b: Result, name: str, resamples: int) -> Estimate | None:
    if name not in a.measures or name not in b.measures:
        return None
    return difference(a.measures[name], b.measures[name], resamples)
