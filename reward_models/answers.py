"""The items of an answer that lists titles, as ranking, retrieval and reconstruction ask for."""

import re

from reward_models.citations import CitationFinder, quoted


def parse_list(text: str, finder: CitationFinder) -> list[int | None]:
    """The items that `"A"; "B"; "C"` names, in order; `None` for a title that is in no catalogue.

    Titles are the quoted spans, or where there are none what stands between semicolons and line
    ends; they match after case folding and trimming.
    """
    spans = [text[start:end] for start, end in quoted(text)] or re.split(r"[;\n]", text)
    return [finder.lookup(span) for span in spans if span.strip()]
