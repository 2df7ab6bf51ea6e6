"""What a judge's reply answers, however it is dressed; a reply that leaves doubt answers nothing.

A JSON object with the key, also within a code fence or prose; and in what stands around such
objects a tag, `<rating>3</rating>`, or `rating: 3`, `rating is 3`; or the whole reply is the bare
value. Thoughts up to `</think>` are no part of the reply, digits and signs may be full-width. Two
answers that differ are none, in whatever forms: one of them may be quoted from the text under
judgment. So is a rating off the scale.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator

LONGEST = 10_000
"""Characters beyond which a reply is not read."""
_SCALE = r"(?:\s*(?:/|out of|of)\s*\d+)?"
_RATING = re.compile(rf"-?\d[\d.]*+{_SCALE}(?!\s*(?:[-–~]|to|or)\s*\d)", re.IGNORECASE)
_LEVEL = re.compile(r"([1-4])(?:\.0*)?(?:\s*(?:/|out of|of)\s*4)?", re.IGNORECASE)
_SIDE = re.compile(r"(?:first|second|tie|1|2)\b", re.IGNORECASE)
_SIDES = {"first": "first", "1": "first", "second": "second", "2": "second", "tie": "tie"}
_DRESS = "*_`\"'"


def read_rating(reply: str) -> str | None:
    """`"1"` to `"4"`, or `None` for a reply that holds no one rating on that scale."""
    return _read(reply, "rating", _RATING, _level)


def read_preference(reply: str) -> str | None:
    """`"first"`, `"second"`, `"tie"`, or `None` for a reply that holds no one answer."""
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
    answers, around = _in_json(text, key)
    answers += [*_in_tags(around, key), *_after_name(around, key, value)]
    said = {meaning(answer) for answer in answers}
    if said:
        return said.pop() if len(said) == 1 else None
    return meaning(text.strip(_DRESS))


def _without_thoughts(text: str) -> str:
    said = text.rpartition("</think>")[2]
    return said.partition("<think>")[0]


def _in_json(text: str, key: str) -> tuple[list[str], str]:
    """The values of the key in JSON objects, and the text without the outermost objects."""
    # Pairs, so that a key that stands twice in one object is not its last value alone.
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


def _in_tags(text: str, key: str) -> list[str]:
    return re.findall(rf"(?is)<{key}>\s*(.*?)\s*</{key}>", text)


def _after_name(text: str, key: str, value: re.Pattern[str]) -> Iterator[str]:
    name = rf"(?i)\b{key}[{_DRESS}]*\s*(?:[:=]|is\b)[{_DRESS}\s]*({value.pattern})"
    yield from (found.group(1) for found in re.finditer(name, text))
