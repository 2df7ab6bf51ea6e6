"""Exports a run's explainers as an adapter or as one ordinary checkpoint."""
