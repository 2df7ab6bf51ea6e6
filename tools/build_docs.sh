#!/usr/bin/env bash
# Builds the API reference from the docstrings into build/docs; open build/docs/index.html.
# Needs: bash scripts/install.sh docs
set -euo pipefail
cd "$(dirname "$0")/.."
"${PYTHON:-.venv/bin/python}" - <<'PYTHON'
import sys
from pathlib import Path
from pkgutil import iter_modules

try:
    import pdoc
except ImportError:
    sys.exit("pdoc is not installed: bash scripts/install.sh docs")
import rl_explain

pdoc.render.configure(docformat="google")
for name in rl_explain.__all__:  # load lazy names, which pdoc cannot see otherwise
    getattr(rl_explain, name)
# pdoc skips modules that are not in `__all__`, so they are listed here.
modules = [f"rl_explain.{module.name}" for module in iter_modules(rl_explain.__path__)]
pdoc.pdoc("rl_explain", *modules, "reward_models", output_directory=Path("build/docs"))
PYTHON
echo "Reference: build/docs/index.html"
