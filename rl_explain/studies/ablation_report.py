"""The Markdown report of an ablation: what each term gains and costs, and the Pareto front."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rl_explain.evaluation.results import Result
from rl_explain.studies.collect import WITHIN
from rl_explain.studies.differences import Difference
from rl_explain.studies.pareto import dominators
from rl_explain.studies.plan import WITHOUT
from rl_explain.studies.report import change_table, failure_list, incomplete_list
from rl_explain.studies.runs import Outcome
from rl_explain.tables.markdown import markdown_table
from rl_explain.tables.table import Column, shown

WHOLE = "whole reward"
"""Row name of the run with the whole reward."""
UNDIRECTED = ("text/length",)
"""Metrics for which a higher value is neither better nor worse."""
ALPHA = 0.05
HOW_TO_READ = (
    "Each variant is trained like the whole reward, on the same seeds, users and samples. "
    "Differences are the variant minus the whole reward, with 95 % two-level bootstrap intervals: "
    "seeds are resampled, then users within them; with one seed, only users. A star: p < 0.05 in "
    "a paired permutation test over users, Holm-adjusted for all cells of the table. above, "
    "below: the interval excludes 0 and every seed agrees in sign; separate: the two rewards' own "
    "intervals do not overlap."
)


@dataclass(frozen=True)
class Ablated:
    """The ablation of one method on one data set.

    pooled: results by variant; `WHOLE` is the whole reward.
    differences: each variant minus the whole reward.
    incomplete: variants that some seeds lack, with the seeds that have them.
    """

    method: str
    seeds: Sequence[int]
    pooled: Mapping[str, Result]
    differences: Sequence[Difference]
    incomplete: Mapping[str, Sequence[int]]

    def front(self, metrics: Sequence[str]) -> dict[str, list[str]]:
        """`dominators` over `metrics`, for the rewards that have all of them."""
        values = {
            variant: [result.metrics.get(metric) for metric in metrics]
            for variant, result in self.pooled.items()
        }
        known = {variant: [v for v in row if v is not None] for variant, row in values.items()}
        return dominators({v: row for v, row in known.items() if len(row) == len(metrics)})


def ablation_report(
    found: Mapping[str, Sequence[Ablated]],
    metrics: Sequence[str],
    traded: Sequence[str],
    outcomes: Sequence[Outcome],
) -> str:
    """The report as Markdown.

    Args:
        found: ablations by data set.
        metrics: columns of the value tables.
        traded: metrics of the Pareto front.
    """
    parts = [
        HOW_TO_READ,
        failure_list(outcomes),
        "# Rewards",
        weight_table(outcomes),
    ]
    for data, methods in found.items():
        for ablated in methods:
            sections = {
                "Differences from the whole reward": change_table(_by_variant(ablated.differences)),
                "What each term gains and costs": bought(ablated.differences),
                "Pareto front": front_table(ablated, traded),
                "Values": value_table(ablated.pooled, metrics),
            }
            seeds = ", ".join(map(str, ablated.seeds))
            lacking = incomplete_list(ablated.incomplete)
            parts.append(f"# {data}, {ablated.method}\n\nSeeds {seeds}.{lacking}")
            parts += [f"## {title}\n\n{text}" for title, text in sections.items() if text]
    return "\n\n".join(part for part in parts if part) + "\n"


def _by_variant(differences: Sequence[Difference]) -> list[Difference]:
    return [replace(d, method=d.method.partition(WITHIN)[2], against=WHOLE) for d in differences]


def weight_table(outcomes: Sequence[Outcome]) -> str:
    """Reward weights: a row per variant, a column per term."""
    runs = {outcome.run.variant or WHOLE: outcome.run for outcome in outcomes}
    terms = list(dict.fromkeys(t for run in runs.values() for t in run.config.rewards.weights))
    rows = [
        [variant, *(f"{run.config.rewards.weights.get(term, 0):g}" for term in terms)]
        for variant, run in runs.items()
    ]
    return markdown_table(["reward", *terms], rows)


def bought(differences: Sequence[Difference]) -> str:
    """A line per left-out term: the metrics that differ significantly without it.

    A metric that is worse without the term is a gain; one that is better without it is a cost.
    """
    left_out: dict[str, list[Difference]] = {}
    for found in differences:
        variant = found.method.partition(WITHIN)[2]
        if variant.startswith(WITHOUT):
            left_out.setdefault(variant.removeprefix(WITHOUT), []).append(found)
    return "\n".join(f"- {term}: {_trade(moved)}" for term, moved in left_out.items())


def _trade(differences: Sequence[Difference]) -> str:
    clear = [d for d in differences if d.p_holm < ALPHA]
    directed = [d for d in clear if d.metric not in UNDIRECTED]
    parts = {
        "gains": [d for d in directed if d.pooled.value < 0],
        "costs": [d for d in directed if d.pooled.value > 0],
        "also changes": [d for d in clear if d.metric in UNDIRECTED],
    }
    effects = [f"{word} {', '.join(map(_effect, some))}" for word, some in parts.items() if some]
    return "; ".join(effects) or "no clear difference"


def _effect(found: Difference) -> str:
    """The effect of the term: the difference with its sign reversed."""
    value = found.pooled
    return f"{found.metric} {-value.value:+.2f} [{-value.high:+.2f}, {-value.low:+.2f}]"


def front_table(ablated: Ablated, metrics: Sequence[str]) -> str:
    """A row per reward: its values and the rewards that dominate it; the Pareto front first."""
    front = sorted(ablated.front(metrics).items(), key=lambda row: bool(row[1]))
    columns = [Column(metric, metric) for metric in metrics]
    rows = [
        [variant, *shown(ablated.pooled[variant], columns), ", ".join(better) or "none"]
        for variant, better in front
    ]
    return markdown_table(["reward", *metrics, "beaten by"], rows)


def value_table(pooled: Mapping[str, Result], metrics: Sequence[str]) -> str:
    """A row per reward, a column per metric that any of them has."""
    columns = [
        Column(metric, metric)
        for metric in metrics
        if any(result.estimate(metric) for result in pooled.values())
    ]
    rows = [[variant, *shown(result, columns)] for variant, result in pooled.items()]
    return markdown_table(["reward", *(column.title for column in columns)], rows)
