"""Pretraining of the tiny base model, on generated worlds and prompts about generated data."""
