"""Reports of a run or a study, from its files: one HTML page, and Markdown."""
