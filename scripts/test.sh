#!/usr/bin/env bash
# Installs into .venv and runs the tests. Arguments go to pytest: bash scripts/test.sh -k ppo
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/install.sh dev
exec .venv/bin/python -m pytest "$@"
