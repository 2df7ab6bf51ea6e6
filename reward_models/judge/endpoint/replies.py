"""Parses the answer in a judge's reply, in one of several forms; rejects ambiguous replies.

Accepted: a JSON object with the key, even inside a code fence or prose; a tag,
`<rating>3</rating>`, or `rating: 3`, at the end of its line; the bare value as the whole reply; in
invalid JSON, only `"rating": 3` at the very end. Text up to `</think>` is ignored; digits and signs
may be full-width.

Rejected: two different answers, in any form and position; a rating with another level, as a lone
digit, in the words around it, since either may be quoted from the judged text; a rating outside the
scale.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator

LONGEST = 10_000
"""Most characters of a reply that is parsed."""
_SCALE = r"(?:\s*(?:/|out of|of)\s*\d+)?"
_RATING = re.compile(rf"-?\d[\d.]*+{_SCALE}(?!\s*(?:[-–~]|to|or)\s*\d)", re.IGNORECASE)
_LEVEL = re.compile(r"([1-4])(?:\.0*)?(?:\s*(?:/|out of|of)\s*4)?", re.IGNORECASE)
_SIDE = re.compile(r"(?:first|second|tie|1|2)\b", re.IGNORECASE)
_SIDES = {"first": "first", "1": "first", "second": "second", "2": "second", "tie": "tie"}
_MARKUP = "*_`\"'"
_LONE_DIGIT = re.compile(r"(?<![\w.,/-])(?<!/ )(?<!of )[1-4](?![\w-]|[.,]\d)")


def read_rating(reply: str) -> str | None:
    """`"1"` to `"4"`, or `None` for a reply without exactly one rating on that scale."""
    return _read(reply, "rating", _RATING, _level)


def read_preference(reply: str) -> str | None:
    """`"first"`, `"second"`, `"tie"`, or `None` for a reply without exactly one answer."""
    return _read(reply, "better", _SIDE, lambda value: _SIDES.get(value.casefold()))


def _level(value: str) -> str | None:
    found = _LEVEL.fullmatch(value)
    return found.group(1) if found else None


def _read(
    reply: str, key: str, value: re.Pattern[str], meaning: Callable[[str], str | None]
) -> str | None:
    if len(reply) > LONGEST:
        return None
    text = _without_thoughts(unicodedata.normalize("NFKC", reply)).strip()
    values, around = _in_json(text, key)
    named = list(_named(around, key, value))
    said = {meaning(answer) for answer in [*values, *(answer for answer, _ in named)]}
    if key == "rating" and said:
        said |= set(_LONE_DIGIT.findall(around))
    if said:
        # Valid JSON inside invalid JSON may be a quotation in its reason.
        settled = (values and not around.startswith("{")) or any(own for _, own in named)
        return said.pop() if settled and len(said) == 1 else None
    return meaning(text.strip(_MARKUP))


def _without_thoughts(text: str) -> str:
    said = text.rpartition("</think>")[2]
    return said.partition("<think>")[0]


def _in_json(text: str, key: str) -> tuple[list[str], str]:
    """The values of the key in JSON objects, and the text without the outermost objects."""
    # As pairs: a dict would keep only the last value of a key that occurs twice.
    decoder = json.JSONDecoder(strict=False, object_pairs_hook=list)
    values: list[str] = []
    around, read_to = [], 0
    for start in (found.start() for found in re.finditer(r"\{", text)):
        try:
            found, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        values += (str(v).strip() for k, v in found if k.casefold() == key)
        if start >= read_to:
            around.append(text[read_to:start])
            read_to = end
    return values, " ".join([*around, text[read_to:]])


def _named(text: str, key: str, value: re.Pattern[str]) -> Iterator[tuple[str, bool]]:
    """Values in tags and after the key's name, and whether each is a settled answer.

    A settled answer ends its line; in invalid JSON, it ends the whole text and its key is in
    quotes. A value within a sentence may be a quotation.
    """
    broken = text.startswith("{")
    tag = rf"<{key}>\s*(.*?)\s*</{key}>"
    name = rf"\b{key}[{_MARKUP}]*\s*[:=][{_MARKUP}\s]*({value.pattern})"
    for found in re.finditer(rf"(?is){tag}|{name}", text):
        behind = text[found.end() :] if broken else text[found.end() :].partition("\n")[0]
        ends = not behind.strip(_MARKUP + " \n.})]")
        yield found[1] or found[2], ends and (not broken or text[found.start() - 1] in "\"'")
