"""What the tiny base model is pretrained on: generated worlds, and prompts about generated data."""
