.PHONY: style quality test
style:
	.venv/bin/ruff check --fix . && .venv/bin/ruff format .
quality:
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy
test:
	.venv/bin/python -m pytest
