"""Collects the results of a study's runs."""

from collections.abc import Sequence

from rl_explain.errors import UserError
from rl_explain.evaluation.results import Result, read_results
from rl_explain.studies.plan import Planned
from rl_explain.studies.pool import Seeds
from rl_explain.studies.runs import Outcome

WITHIN = ", "
"""Separates method and variant (or control) in a row's name: `METHOD, VARIANT`."""


def collect(outcomes: Sequence[Outcome]) -> dict[str, Seeds]:
    """Results by data set, seed and method; a variant's methods are named `METHOD, VARIANT`.

    Raises:
        UserError: no run has results.
    """
    found: dict[str, dict[int, dict[str, Result]]] = {}
    for outcome in outcomes:
        if outcome.evaluated:
            run = outcome.run
            found.setdefault(run.data, {}).setdefault(run.seed, {}).update(_named(run))
    if not found:
        failed = [f"{o.run.name}: {error}" for o in outcomes for error in o.failures.values()]
        why = f"first error: {failed[0]}" if failed else "run it with `evaluate` among its stages."
        raise UserError(f"no run of the study has results: {why}")
    return {data: dict(sorted(seeds.items())) for data, seeds in found.items()}


def _named(run: Planned) -> dict[str, Result]:
    results = read_results(run.folder / "evaluate")
    if not run.variant:
        return results
    measured = [method for method in run.config.evaluation.methods if method in results]
    return {f"{method}{WITHIN}{run.variant}": results[method] for method in measured}
