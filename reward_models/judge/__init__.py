"""Judges: how good an explanation is for a reader.

`types` defines a judge's input and output. `rubric` and `plausibility` work offline; `endpoint`
asks a language model, configured by `settings`. `ensemble` combines judges, and `length_residual`
removes a judge's length bias.
"""
