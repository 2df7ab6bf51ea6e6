"""Row names in tables for results whose key would mislead readers."""

from collections.abc import Mapping

from rl_explain.evaluation.results import Result

TINY_BASE = "tiny base (pretrained on this task)"
OTHER_BASE = "base model, not tuned"


def named_rows(results: Mapping[str, Result], tiny: bool) -> dict[str, Result]:
    """Results by row name: the key, except for the model that no stage has trained.

    Args:
        tiny: whether the base is the one that ships with the package. It was pretrained on
            questions of this task, so "not tuned" would be wrong.
    """
    base = TINY_BASE if tiny else OTHER_BASE
    return {base if name == "base" else name: result for name, result in results.items()}
