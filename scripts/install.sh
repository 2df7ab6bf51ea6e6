#!/usr/bin/env bash
# Creates .venv and installs the project into it, with tested versions.
# A machine without an NVIDIA GPU gets the CPU build of torch, without gigabytes of CUDA libraries.
# Usage: bash scripts/install.sh [extras]     e.g. bash scripts/install.sh dev
set -euo pipefail
cd "$(dirname "$0")/.."
extras="${1:+[$1]}"
python="${PYTHON:-python3}"

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "Python 3.11 or newer is needed; $("$python" --version) was found. Set PYTHON=/path/to/python3.11." >&2
  exit 1
}
[ -x .venv/bin/python ] || "$python" -m venv .venv
pip=".venv/bin/python -m pip --disable-pip-version-check"

# Avoid a CUDA build on a machine that cannot use it: if the package index offers only that one, uv
# selects the build that fits the machine.
torch=$(grep '^torch==' constraints.txt)
installed=$(.venv/bin/python -c 'import torch; print(torch.__version__.split("+")[0])' 2>/dev/null || true)
if [ "torch==$installed" != "$torch" ]; then
  if ! command -v nvidia-smi >/dev/null 2>&1 &&
    $pip install -q --dry-run --report - "$torch" | grep '"name": "nvidia-' >/dev/null; then
    $pip install -q uv
    VIRTUAL_ENV=.venv .venv/bin/uv pip install -q --torch-backend=auto "$torch"
  else
    $pip install -q "$torch"
  fi
fi
$pip install -q -c constraints.txt -e ".$extras"
