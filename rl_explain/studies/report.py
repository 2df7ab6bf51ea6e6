"""The Markdown report of a comparison: tables, tested differences, costs, texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rl_explain.evaluation.results import Result
from rl_explain.evaluation.rules import is_rule
from rl_explain.studies.collect import WITHIN
from rl_explain.studies.costs import Cost, cost_table
from rl_explain.studies.differences import Difference, Pair, show_change, show_p, show_seeds
from rl_explain.studies.overview import overview
from rl_explain.studies.pool import Seeds, incomplete
from rl_explain.studies.runs import Outcome
from rl_explain.studies.study import FAITHFULNESS_SCORE
from rl_explain.tables.markdown import markdown_table
from rl_explain.tables.names import named_rows
from rl_explain.tables.side_by_side import side_by_side
from rl_explain.tables.table import EXPLANATIONS, MISSING, markdown_tables, shown

RIVALS = ("sft", "sft_clean", "best_of_n", "most_similar")
"""Baselines that tuned methods are compared with."""
STARTS = ("sft", "sft_clean")
"""Supervised models from which the gap to the oracle is measured."""
READ = 20
"""Number of cases whose texts are shown."""
HOW_TO_READ = (
    "Values are pooled over seeds. 95 % bootstrap intervals are two-level: seeds are resampled, "
    "then users within them; with one seed, only users. above, below: the paired interval of the "
    "difference excludes 0 and every seed agrees in sign; overlap, separate: whether the two "
    "methods' own intervals overlap. p: paired permutation test over users of these trained "
    "models; Holm: adjusted for all comparisons of the table; a star: adjusted p < 0.05; effect: "
    "mean difference per user, in standard deviations of that difference."
)


@dataclass(frozen=True)
class Found:
    """The findings of a comparison on one data set.

    pooled: results by method, in the order of the tables.
    families: tested differences by table name.
    tiny: whether the base model is the package's tiny base.
    """

    seeds: Seeds
    pooled: Mapping[str, Result]
    families: Mapping[str, Sequence[Difference]]
    costs: Mapping[str, Cost]
    tiny: bool = False

    @property
    def rows(self) -> dict[str, Result]:
        """Pooled results by row name."""
        return named_rows(self.pooled, self.tiny)


def pairs_of(methods: Sequence[str], metrics: Sequence[str]) -> dict[str, list[Pair]]:
    """The comparisons of each table.

    A tuned method is compared with `RIVALS`; a control's method also with the same method in the
    seed's own run.
    """
    pairs = [
        (method, rival)
        for method in tuned(methods)
        for rival in dict.fromkeys((*RIVALS, method.partition(WITHIN)[0]))
        if rival in methods and rival != method
    ]
    others = [metric for metric in metrics if metric != FAITHFULNESS_SCORE]
    return {
        "faithfulness": [(FAITHFULNESS_SCORE, *pair) for pair in pairs],
        "others": [(m, *pair) for pair in pairs if pair[1] == "sft" for m in others],
        "rivals": [(m, *pair) for pair in pairs if pair[1] != "sft" for m in others],
    }


def study_report(found: Mapping[str, Found], outcomes: Sequence[Outcome]) -> str:
    """The report as Markdown; `found` has the findings by data set."""
    pooled = {data: of.rows for data, of in found.items()}
    whole = overview({data: of.seeds for data, of in found.items()}, pooled)
    parts = [HOW_TO_READ, failure_list(outcomes), f"# Overview\n\n{whole}"]
    for data, of in found.items():
        sections = {
            "Results": markdown_tables(of.rows) + incomplete_list(incomplete(of.seeds)),
            "Differences in the faithfulness score": faithfulness_table(
                of.families["faithfulness"]
            ),
            "Other metrics, against SFT": change_table(of.families["others"]),
            "Other metrics, against the other baselines": change_table(of.families["rivals"]),
            "Each seed": seed_table(of.seeds, list(of.pooled)),
            "Share of the gap to the oracle": gaps(of.pooled),
            "Cost, mean over seeds": cost_table(of.costs),
            "Explanations to read": side_by_side(of.rows, READ),
        }
        parts.append(f"# {data}\n\n{seed_note(of.seeds)}")
        parts += [f"## {title}\n\n{text}" for title, text in sections.items() if text]
    return "\n\n".join(part for part in parts if part) + "\n"


def failure_list(outcomes: Sequence[Outcome]) -> str:
    """The failed runs and stages with their errors; "" if none failed."""
    lines = [
        f"- {outcome.run.name}{', stage ' if stage else ''}{stage}: {_one_line(error)}"
        for outcome in outcomes
        for stage, error in outcome.failures.items()
    ]
    title = "# Failed\n\nRun the same command to retry these. The report leaves them out.\n\n"
    return title + "\n".join(lines) if lines else ""


def seed_note(seeds: Seeds) -> str:
    """The pooled seeds; for a single seed, a note that intervals are over users only."""
    named = f"Seeds {', '.join(map(str, seeds))}."
    return named if len(seeds) > 1 else f"{named} Intervals are over users only."


def faithfulness_table(differences: Sequence[Difference]) -> str:
    """A row per comparison: difference, direction, intervals, effect, p-values, each seed."""
    header = [
        *("method", "against", "difference", "direction", "intervals"),
        *("effect", "p", "p (Holm)", "seeds"),
    ]
    rows = [
        [
            *(d.method, d.against, show_change(d), d.direction, d.intervals),
            *(f"{d.effect:+.2f}", show_p(d.p), show_p(d.p_holm), show_seeds(d.by_seed)),
        ]
        for d in differences
    ]
    return markdown_table(header, rows)


def change_table(differences: Sequence[Difference]) -> str:
    """A row per compared pair of methods, a column per metric."""
    metrics = list(dict.fromkeys(d.metric for d in differences))
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for d in differences:
        cells.setdefault((d.method, d.against), {})[d.metric] = f"{show_change(d)}{_clear(d)}"
    rows = [[*pair, *(row.get(m, MISSING) for m in metrics)] for pair, row in cells.items()]
    return markdown_table(["method", "against", *metrics], rows)


def _clear(found: Difference) -> str:
    """` above` or ` below`, with `, separate` if the intervals are separate; "" if neither."""
    if found.direction == "-":
        return ""
    return f" {found.direction}" + ", separate" * (found.intervals == "separate")


def seed_table(seeds: Seeds, methods: Sequence[str]) -> str:
    """A row per method and seed, with intervals over users; "" for a single seed."""
    if len(seeds) < 2:
        return ""
    rows = [
        [method, str(seed), *shown(results[method], EXPLANATIONS)]
        for method in methods
        for seed, results in seeds.items()
        if method in results
    ]
    table = markdown_table(["method", "seed", *(c.title for c in EXPLANATIONS)], rows)
    return f"Intervals are over the users of the seed.\n\n{table}"


def gaps(methods: Mapping[str, Result]) -> str:
    """The share of the gap from each supervised model to the oracle that each method closes."""
    scores = {
        name: score
        for name, result in methods.items()
        if (score := result.metrics.get(FAITHFULNESS_SCORE)) is not None
    }
    starts = [start for start in STARTS if start in scores]
    if not starts or "oracle" not in scores:
        return ""
    rows = [
        [method, *(_share(method, start, scores) for start in starts)]
        for method in tuned(list(methods))
        if method in scores
    ]
    return markdown_table(["method", *(f"from {start}" for start in starts)], rows)


def _share(method: str, start: str, scores: Mapping[str, float]) -> str:
    way = scores["oracle"] - scores[start]
    if method == start or not way:
        return MISSING
    return f"{(scores[method] - scores[start]) / way:.2f}"


def tuned(methods: Sequence[str]) -> list[str]:
    """The models among `methods`, without `base`, `sft` and rules."""
    return [m for m in methods if m not in ("base", "sft") and not is_rule(m)]


def incomplete_list(having: Mapping[str, Sequence[int]]) -> str:
    """The methods that some seeds lack, with the seeds that have them; "" if none."""
    lines = [f"- {name}: {', '.join(map(str, seeds))}" for name, seeds in having.items()]
    title = "\n\nSome seeds lack these methods; the seeds that have them:\n\n"
    return title + "\n".join(lines) if lines else ""


def _one_line(error: str) -> str:
    return " ".join(error.split())
