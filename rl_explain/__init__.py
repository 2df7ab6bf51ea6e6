"""Faithful explanations of a frozen recommender.

The stable Python API, which the commands use too:

- one run: `Config` or `load_config`, then `Run`, then `run_stages`;
- compare methods, ablate rewards: `Study` or `load_study`, then `compare` or `ablate`; read the
  results as pandas frames with `results` and `cases`, or as a page with `write_report`;
- export and use: `find_adapters`, `export_method`, `Explainer.from_pretrained`.

User mistakes raise `UserError`. Heavy modules are imported when a name is first used.
`docs/library.ipynb` shows all of it.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rl_explain.errors import UserError
    from rl_explain.explainer.explainer import Explainer, Explanation
    from rl_explain.export.find import find_adapters
    from rl_explain.export.method import export_method
    from rl_explain.pipeline.configuration import Config, load_config
    from rl_explain.pipeline.run import Run, run_stages
    from rl_explain.report.frames import cases, results
    from rl_explain.report.write import write_report
    from rl_explain.studies.ablate import ablate
    from rl_explain.studies.compare import compare
    from rl_explain.studies.study import Ablation, Study, load_study

__version__ = "0.2.0"
__all__ = [
    "Ablation",
    "Config",
    "Explainer",
    "Explanation",
    "Run",
    "Study",
    "UserError",
    "ablate",
    "cases",
    "compare",
    "export_method",
    "find_adapters",
    "load_config",
    "load_study",
    "results",
    "run_stages",
    "write_report",
]

# TRL reads this on import; its version is pinned, so the warning about its ORPO is not needed.
os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")

_MODULES = {
    "Ablation": "studies.study",
    "load_config": "pipeline.configuration",
    "Config": "pipeline.configuration",
    "Explainer": "explainer.explainer",
    "Explanation": "explainer.explainer",
    "Run": "pipeline.run",
    "Study": "studies.study",
    "UserError": "errors",
    "ablate": "studies.ablate",
    "cases": "report.frames",
    "compare": "studies.compare",
    "export_method": "export.method",
    "find_adapters": "export.find",
    "load_study": "studies.study",
    "results": "report.frames",
    "run_stages": "pipeline.run",
    "write_report": "report.write",
}
"""Where each public name is defined."""


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    thing = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = thing  # so that the next access skips `__getattr__`
    return thing


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
