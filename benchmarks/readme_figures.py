"""Recomputes every table and figure quoted in README and docs/findings.md from committed cases.

python benchmarks/readme_figures.py                     # all studies, as Markdown
python benchmarks/readme_figures.py constrained_ppo     # one of them

Each number comes from `results/STUDY/cases.parquet` and `record.json`. Brackets are 95 % two-level
intervals (seeds, then users within them). *above* and *below*: the paired interval excludes 0 and
every seed agrees in sign.
"""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rl_explain.errors import UserError
from rl_explain.evaluation.results import Result, in_order
from rl_explain.evaluation.rules import RULES, is_rule
from rl_explain.evaluation.statistics import (
    Estimate,
    Measure,
    difference,
    direction,
    estimate,
    overlap,
)
from rl_explain.pipeline.table import method_rows
from rl_explain.studies.archive import CASES, read_archive, read_archived_record
from rl_explain.studies.collect import WITHIN
from rl_explain.studies.costs import Cost, cost_table, mean_costs
from rl_explain.studies.differences import of_common_users
from rl_explain.studies.pool import Seeds, pooled_measure, pooled_methods

RESULTS = Path(__file__).parent / "results"
DATA = {"demo": "embedded data", "movielens": "MovieLens", "games": "Games"}
SCORES = {
    "faithfulness/score": "faithfulness score",
    "faithfulness/score_citations": "citations alone",
}
"""`citations alone` leaves out the rule that an explanation must name the asked title to score
above 0."""
MEASURES = {
    "faithfulness/score_masking": "masking",
    "faithfulness/score_log_probability": "log-probability",
    "faithfulness/score_replacement": "replacement",
    "faithfulness/score_replacement_mean": "replacement, mean",
    "faithfulness_top10/score": "ten best items",
    "old/score": "old score",
    "old/score_masking": "old masking",
    "old/score_log_probability": "old log-probability",
    "old/score_replacement": "old replacement",
    "old/score_replacement_mean": "old replacement, mean",
    "old/top10_score": "old ten best items",
}
"""`old`: normalised by the rule of 0.1, at the number of cited titles instead of reasons asked."""
TEXTS = {
    "explanation/verdict_accuracy": "verdict accuracy",
    "explanation/cites": "cites",
    "grounding/precision": "grounding",
    "text/claims": "claims an attribute",
    "text/fewer": "fewer titles than asked",
    "text/more": "more titles than asked",
    "explanation/names_item": "names the asked title",
    "causes/f1": "causes F1",
    "causes/f1_chance": "chance of causes F1",
    "causes/f1_limit": "limit of causes F1",
    "explanation/judge_rating": "rubric judge (1-4)",
    "text/length": "words",
}
RIVALS = ("sft", "sft_clean")
WITH_RULES = ("constrained_ppo",)
"""Studies of 0.1 that take the rules which 0.1 did not measure from `results/rules`."""
GROUPED = {**SCORES, "explanation/names_item": "names the asked title", "text/claims": "claims"}
"""Measures also reported for yes and no questions and by number of reasons asked."""


def study_figures(folder: Path) -> str:
    """All tables of one study, as Markdown.

    Raises:
        UserError: there is no archive in `folder`.
    """
    results, record = read_archive(folder), read_archived_record(folder)
    if folder.name in WITH_RULES:
        results = _with_rules(results, read_archive(folder.with_name("rules")))
    for seeds in results.values():
        for result in (result for found in seeds.values() for result in found.values()):
            result.measures.update(_text_measures(result))
            result.measures.update(_group_measures(result))
    pooled = {data: pooled_methods(seeds, method_rows()) for data, seeds in results.items()}
    notes: dict[str, str] = record["notes"]
    parts = ["\n".join(f"- `{name}`: {note}" for name, note in notes.items())]
    for metric, title in SCORES.items():
        if table := _by_data(results, pooled, metric, notes):
            parts.append(_headed(title[0].upper() + title[1:], table))
    for data, seeds in results.items():
        costs = [entry["costs"] for name, entry in record["runs"].items() if _own(name, data)]
        tables = {
            "Other perturbations": _measures(pooled[data], MEASURES, notes),
            "Text properties": _measures(pooled[data], TEXTS, notes),
            "By question": _measures(pooled[data], _group_titles(), notes),
            "Paired differences": _differences(seeds, notes),
            "Share of the gap to the best citations (1.00)": _gaps(seeds, notes),
            "Each seed": _by_seed(seeds),
            "Validation users": _validation(record, data),
            "Cost, mean over seeds": _costs(costs),
        }
        parts.append(f"## {DATA.get(data, data)}\n\nSeeds {', '.join(map(str, seeds))}.")
        parts += [_headed(title, table, 3) for title, table in tables.items() if table]
    return "\n\n".join(part for part in parts if part) + "\n"


def _with_rules(results: Mapping[str, Seeds], measured: Mapping[str, Seeds]) -> dict[str, Seeds]:
    """Add rules that `results` lacks, measured on recommenders that were trained again.

    Raises:
        UserError: the recommenders differ: `leave_one_out` has other scores on some case.
    """
    added: dict[str, Seeds] = {}
    for data, seeds in results.items():
        found = measured.get(data, {})
        added[data] = {s: {**_rules(own, found.get(s, {})), **own} for s, own in seeds.items()}
    return added


def _rules(own: Mapping[str, Result], measured: Mapping[str, Result]) -> dict[str, Result]:
    """The measured rules; their texts name the asked title, so citations are all that counts."""
    for result in measured.values():
        result.measures["faithfulness/score_citations"] = result.measures["faithfulness/score"]
    if measured:
        again, before = (
            of["leave_one_out"].measures["faithfulness/score_citations"].values
            for of in (measured, own)
        )
        if not np.array_equal(again, before, equal_nan=True):
            raise UserError("results/rules was measured on other recommenders than this study.")
    return dict(measured)


def _text_measures(result: Result) -> dict[str, Measure]:
    """Measures derived from archived numbers: too few titles, too many, any attribute claims."""
    found = {}
    measures = result.measures
    if "explanation/citations" in measures:
        cited, asked = measures["explanation/citations"], measures["question/reasons"]
        found["text/fewer"] = _like(cited, cited.values < asked.values)
        found["text/more"] = _like(cited, cited.values > asked.values)
    if "grounding/claims" in measures:
        claims = measures["grounding/claims"]
        found["text/claims"] = _like(claims, ~np.isnan(claims.values))
    return found


def _group_measures(result: Result) -> dict[str, Measure]:
    """The measures of `GROUPED` on groups of questions; NaN for questions outside the group."""
    yes, asked = (result.measures[f"question/{name}"].values for name in ("yes", "reasons"))
    groups = {"yes": yes == 1, "no": yes == 0} | {f"k={k}": asked == k for k in (1, 2, 3)}
    return {
        f"{name}/{group}": _like(measure, np.where(member, measure.values, np.nan))
        for name in GROUPED
        if (measure := result.measures.get(name))
        for group, member in groups.items()
        if member.any()
    }


def _group_titles() -> dict[str, str]:
    by_label = [(name, group) for name in GROUPED for group in ("yes", "no")]
    by_size = [(name, f"k={k}") for name in SCORES for k in (1, 2, 3)]
    return {f"{name}/{group}": f"{GROUPED[name]}, {group}" for name, group in by_label + by_size}


def _like(measure: Measure, values: np.ndarray) -> Measure:
    return Measure(values.astype(float), measure.users)


def _by_data(
    results: Mapping[str, Seeds],
    pooled: Mapping[str, Mapping[str, Result]],
    metric: str,
    notes: Mapping[str, str],
) -> str:
    """A row per method, a column per data set; in parentheses the number of seeds."""
    methods = in_order({method for found in pooled.values() for method in found}, method_rows())
    rows = []
    for method in methods:
        cells = []
        for data, seeds in results.items():
            having = sum(method in found for found in seeds.values())
            value = pooled[data][method].estimate(metric) if method in pooled[data] else None
            cells.append(f"{_show(value)} ({having})" if value else "–")
        if any(cell != "–" for cell in cells):
            rows.append([_named(method, notes), *cells])
    return _table(["method", *(DATA.get(data, data) for data in results)], rows)


def _measures(
    pooled: Mapping[str, Result], columns: Mapping[str, str], notes: Mapping[str, str]
) -> str:
    """A row per method, a column per metric that any of them has."""
    known = {n: t for n, t in columns.items() if any(n in r.metrics for r in pooled.values())}
    rows = [
        [_named(method, notes), *(_show(pooled[method].estimate(name)) for name in known)]
        for method in in_order(pooled, method_rows())
    ]
    return _table(["method", *known.values()], rows) if known else ""


def _differences(seeds: Seeds, notes: Mapping[str, str]) -> str:
    """Paired differences of each model against SFT on either teacher, of a control's method also
    against the same method outside it, and of PPO against the rules (citations alone)."""
    methods = in_order({method for found in seeds.values() for method in found}, method_rows())
    models = [method for method in methods if not is_rule(method) and not _noted(method, notes)]
    pairs = [
        (method, rival)
        for method in models
        for rival in dict.fromkeys((*RIVALS, method.partition(WITHIN)[0]))
        if rival in models and rival != method and method not in ("base", "sft")
    ]
    asked = [(metric, *pair) for metric in SCORES | MEASURES for pair in pairs]
    asked += [("faithfulness/score_citations", "ppo", rule) for rule in RULES if rule in methods]
    titles = ["measure", "method", "against", "paired difference", "direction", "intervals"]
    return _table([*titles, "each seed"], list(filter(None, (_compared(seeds, *a) for a in asked))))


def _compared(seeds: Seeds, metric: str, method: str, rival: str) -> list[str]:
    """A row with a paired difference over the common seeds and users; empty if there are none."""
    pairs = [
        of_common_users(results[method].measures[metric], results[rival].measures[metric])
        for results in seeds.values()
        if all(metric in results[m].measures for m in (method, rival) if m in results)
        and {method, rival} <= results.keys()
    ]
    if not pairs:
        return []
    a, b = (pooled_measure([pair[i] for pair in pairs]) for i in (0, 1))
    total, alone = difference(a, b), [difference(*pair) for pair in pairs]
    return [
        (SCORES | MEASURES)[metric],
        method,
        rival,
        f"{total.value:+.3f} [{total.low:+.3f}, {total.high:+.3f}]",
        direction(total, alone),
        overlap(estimate(a), estimate(b)),
        ", ".join(f"{found.value:+.2f}" for found in alone),
    ]


def _gaps(seeds: Seeds, notes: Mapping[str, str]) -> str:
    """The share of the gap from each SFT model to 1 that each method closes, on common seeds."""
    rows = []
    for metric, title in SCORES.items():
        for method in in_order({m for found in seeds.values() for m in found}, method_rows()):
            if method not in ("base", *RIVALS, *RULES) and not _noted(method, notes):
                shares = [_gap(seeds, metric, method, rival) for rival in RIVALS]
                if any(share is not None for share in shares):
                    rows.append([title, method, *(_percent(share) for share in shares)])
    return _table(["measure", "method", *(f"from {rival}" for rival in RIVALS)], rows)


def _gap(seeds: Seeds, metric: str, method: str, rival: str) -> float | None:
    both = {s: found for s, found in seeds.items() if method in found and rival in found}
    if not both or not all(metric in found[method].metrics for found in both.values()):
        return None
    pooled = pooled_methods(
        {s: {m: f[m] for m in (method, rival)} for s, f in both.items()}, method_rows()
    )
    value, start = (float(pooled[name].metrics[metric] or 0) for name in (method, rival))
    return (value - start) / (1 - start)


def _by_seed(seeds: Seeds) -> str:
    """The scores of each seed."""
    rows = []
    for metric, title in SCORES.items():
        for method in in_order({m for found in seeds.values() for m in found}, method_rows()):
            values = [
                f"{value:.3f}"
                if method in found and (value := found[method].metrics.get(metric)) is not None
                else "–"
                for found in seeds.values()
            ]
            if any(value != "–" for value in values):
                rows.append([title, method, *values])
    return _table(["measure", "method", *map(str, seeds)], rows) if len(seeds) > 1 else ""


def _validation(record: Mapping[str, Any], data: str) -> str:
    """The faithfulness reward on validation users at each validation."""
    rows = [
        [name.rpartition("/")[2], stage, ", ".join(f"{point[2]:.3f}" for point in curve)]
        for name, entry in record["runs"].items()
        if name.rpartition("/")[0] == data
        for stage, curve in entry["validation"].items()
    ]
    return _table(["run", "stage", "faithfulness reward, before and at each validation"], rows)


def _costs(costs: Iterable[Mapping[str, Any]]) -> str:
    means = mean_costs([{method: Cost(**cost) for method, cost in own.items()} for own in costs])
    return cost_table(means) if means else ""


def _own(name: str, data: str) -> bool:
    """Whether a run belongs to a data set and is not a variant."""
    folder, _, run = name.rpartition("/")
    return folder == data and "-" not in run


def _noted(method: str, notes: Mapping[str, str]) -> bool:
    return method.partition(WITHIN)[0] in notes


def _named(method: str, notes: Mapping[str, str]) -> str:
    return f"{method} (see note)" if _noted(method, notes) else method


def _show(found: Estimate | None) -> str:
    if found is None or np.isnan(found.value):
        return "–"
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def _headed(title: str, text: str, level: int = 2) -> str:
    return f"{'#' * level} {title}\n\n{text}"


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(arguments: list[str] | None = None) -> int:
    """Print the figures; return exit code 0, or 1 if a study is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("studies", nargs="*", help="folders of benchmarks/results; all by default")
    given = parser.parse_args(arguments).studies
    names = given or sorted(path.parent.name for path in RESULTS.glob(f"*/{CASES}"))
    try:
        for name in names:
            print(f"# {name}\n\n{study_figures(RESULTS / name)}")
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
