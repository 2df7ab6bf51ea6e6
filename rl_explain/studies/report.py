"""What a comparison found, as Markdown: tables, differences with their tests, budgets, texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rl_explain.evaluation.results import Result
from rl_explain.studies.collect import WITHIN
from rl_explain.studies.costs import Cost, cost_table
from rl_explain.studies.differences import Difference, Pair, show_change, show_p, show_seeds
from rl_explain.studies.overview import overview
from rl_explain.studies.pool import Seeds, incomplete
from rl_explain.studies.runs import Outcome
from rl_explain.studies.study import FAITHFULNESS_SCORE
from rl_explain.tables.side_by_side import side_by_side
from rl_explain.tables.table import BELOW, EXPLANATIONS, in_order, markdown_tables, show

RIVALS = ("sft", "sft_clean", "best_of_n", "most_similar")
"""Rows that tuned methods are held against."""
READ = 20
"""Cases that are shown to be read."""
HOW_TO_READ = (
    "Pooled over seeds; 95 % bootstrap intervals over users. p: paired permutation test over "
    "users; Holm: adjusted for all comparisons of its table, and a star: below 0.05; effect: mean "
    "difference of a user in standard deviations of it. The tests speak of these trainings on "
    "other users; how much trainings differ, the seeds show."
)


@dataclass(frozen=True)
class Found:
    """What a comparison found on one data set.

    families: name of a table to its tested differences.
    """

    seeds: Seeds
    pooled: Mapping[str, Result]
    families: Mapping[str, Sequence[Difference]]
    costs: Mapping[str, Cost]


def pairs_of(methods: Sequence[str], metrics: Sequence[str]) -> dict[str, list[Pair]]:
    """The comparisons of each table: metric, method, and what it is held against.

    A tuned method is held against the rivals, one of a control against the same method outside it
    too.
    """
    held = [
        (method, rival)
        for method in tuned(methods)
        for rival in dict.fromkeys((*RIVALS, method.partition(WITHIN)[0]))
        if rival in methods and rival != method
    ]
    others = [metric for metric in metrics if metric != FAITHFULNESS_SCORE]
    return {
        "regret": [(FAITHFULNESS_SCORE, *pair) for pair in held],
        "others": [(m, *pair) for pair in held if pair[1] == "sft" for m in others],
        "rivals": [(m, *pair) for pair in held if pair[1] != "sft" for m in others],
    }


def study_report(found: Mapping[str, Found], outcomes: Sequence[Outcome]) -> str:
    """Markdown; `found` by data set."""
    pooled = {data: of.pooled for data, of in found.items()}
    whole = overview({data: of.seeds for data, of in found.items()}, pooled)
    parts = [HOW_TO_READ, failure_list(outcomes), f"# Overview\n\n{whole}"]
    for data, of in found.items():
        sections = {
            "Results": markdown_tables(of.pooled) + incomplete_list(incomplete(of.seeds)),
            "Differences in the faithfulness score": faithfulness_table(of.families["regret"]),
            "Other measures, against SFT": change_table(of.families["others"]),
            "Other measures, against the other rivals": change_table(of.families["rivals"]),
            "Each seed": seed_table(of.seeds),
            "Share of the way from SFT to the oracle": gaps(of.pooled),
            "What it cost, mean over seeds": cost_table(of.costs),
            "Explanations to read": side_by_side(of.pooled, READ),
        }
        parts.append(f"# {data}\n\nSeeds {', '.join(map(str, of.seeds))}.")
        parts += [f"## {title}\n\n{text}" for title, text in sections.items() if text]
    return "\n\n".join(part for part in parts if part) + "\n"


def failure_list(outcomes: Sequence[Outcome]) -> str:
    """The runs and stages that failed, with their errors; "" when none did."""
    lines = [
        f"- {outcome.run.name}{', stage ' if stage else ''}{stage}: {_one_line(error)}"
        for outcome in outcomes
        for stage, error in outcome.failures.items()
    ]
    title = "# Failed\n\nThe same command tries these again; all else stands without them.\n\n"
    return title + "\n".join(lines) if lines else ""


def faithfulness_table(differences: Sequence[Difference]) -> str:
    """A row a comparison: the difference, its size, its chance, and each seed alone."""
    lines = [
        "| method | against | difference | effect | p | p (Holm) | seeds |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {d.method} | {d.against} | {show_change(d)} | {d.effect:+.2f} | {show_p(d.p)} "
        f"| {show_p(d.p_holm)} | {show_seeds(d.by_seed)} |"
        for d in differences
    ]
    return "\n".join(lines) if differences else ""


def change_table(differences: Sequence[Difference]) -> str:
    """A row a method and rival, a column a metric."""
    metrics = list(dict.fromkeys(d.metric for d in differences))
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for d in differences:
        rows.setdefault((d.method, d.against), {})[d.metric] = show_change(d)
    lines = [
        f"| method | against | {' | '.join(metrics)} |",
        f"| --- | --- |{' --- |' * len(metrics)}",
    ]
    lines += [
        f"| {method} | {against} | {' | '.join(cells.get(m, '–') for m in metrics)} |"
        for (method, against), cells in rows.items()
    ]
    return "\n".join(lines) if rows else ""


def seed_table(seeds: Seeds) -> str:
    """A row a method and seed: what the pooled rows are made of."""
    if len(seeds) < 2:
        return ""
    methods = in_order({method for results in seeds.values() for method in results})
    lines = [
        f"| method | seed | {' | '.join(column.title for column in EXPLANATIONS)} |",
        f"| --- | --- |{' --- |' * len(EXPLANATIONS)}",
    ]
    for method in methods:
        for seed, results in seeds.items():
            if method in results:
                cells = [show(results[method].estimate(column.metric)) for column in EXPLANATIONS]
                lines.append(f"| {method} | {seed} | {' | '.join(cells)} |")
    return "\n".join(lines)


def gaps(methods: Mapping[str, Result]) -> str:
    """How much of the distance from SFT to the oracle each method has covered."""
    ends = [
        methods[name].metrics.get(FAITHFULNESS_SCORE)
        for name in ("sft", "oracle")
        if name in methods
    ]
    if len(ends) < 2 or None in ends:
        return ""
    start, goal = (float(end or 0) for end in ends)
    shares = {
        method: (value - start) / (goal - start)
        for method in tuned(list(methods))
        if (value := methods[method].metrics.get(FAITHFULNESS_SCORE)) is not None
    }
    return "\n".join(f"- {method}: {share:.2f}" for method, share in shares.items())


def tuned(methods: Sequence[str]) -> list[str]:
    """The methods that were tuned, in the order of the tables."""
    return [m for m in in_order(methods) if m not in ("base", "sft", *BELOW)]


def incomplete_list(having: Mapping[str, Sequence[int]]) -> str:
    """What some seed lacks, and the seeds that have it; "" when nothing does."""
    lines = [f"- {name}: {', '.join(map(str, seeds))}" for name, seeds in having.items()]
    return "\n\nNot of every seed, but of these alone:\n\n" + "\n".join(lines) if lines else ""


def _one_line(error: str) -> str:
    return " ".join(error.split())
