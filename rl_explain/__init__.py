"""Explanations of a frozen recommender that say what the recommender did."""

import os

__version__ = "0.1.0"

# TRL's version is pinned, so that its ORPO is known; it reads this when it is imported.
os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
