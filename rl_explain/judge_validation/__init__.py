"""Judges on trial: explanations of known quality, and what a judge makes of them."""
