"""Judges: what a reader, or a model in a reader's place, thinks of an explanation.

`types` says what a judge is shown and answers. `rubric` and `plausibility` work offline;
`endpoint` asks a language model, with `settings`. `ensemble` combines judges, and
`length_residual` removes a judge's taste for length.
"""
