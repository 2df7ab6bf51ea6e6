"""Explanations of a frozen recommender that say what the recommender did."""

__version__ = "0.1.0"
