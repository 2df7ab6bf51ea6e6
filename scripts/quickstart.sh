#!/usr/bin/env bash
# Installs into .venv and runs the main job on the embedded data: about five minutes on two CPU cores.
# Usage: bash scripts/quickstart.sh [key=value ...]
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/install.sh
exec .venv/bin/rl-explain run configs/quickstart.yaml "$@"
