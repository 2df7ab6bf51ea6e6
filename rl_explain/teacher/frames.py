"""Sentence templates of the template teacher.

Slots: `{item}` is the asked title and `{cited}` the cited titles, all in double quotes; `{values}`
are attribute values, `{labels}` and `{kind}` the same values in a noun phrase; `{one}` is a single
cited title. `[is|are]` agrees in number with the cited titles. Every body names the asked title
exactly once. A sentence that names attributes names no title that lacks them, except after "lacks
what", so a claim is true of every title that `reward_models.text.claims` reads it to be about. No
body contains the words yes or no: the verdict is a separate sentence.
"""

import re

LIFT = (
    "The recommender puts {item} high because of {cited}",
    "{cited} [does|do] most to lift {item} here",
    "What speaks for {item} is {cited}",
    "{item} ranks near the top, with {cited} as the main reason[|s]",
    "The strongest support for {item} comes from {cited}",
    "{cited} [carries|carry] {item} up the list for this user",
    "For this user {item} stands high, mostly thanks to {cited}",
    "The recommender reads {cited} as [a sign|signs] for {item}",
    "With {cited} behind it, {item} beats most other titles",
    "{item} owes its high place mainly to {cited}",
    "This user picked {cited}, which moves {item} up",
    "{cited} [points|point] the recommender to {item}",
)
"""A yes: the cited titles raise the item."""

LIFT_REMOVED = (
    "Without {cited} in the history, {item} would fall in the ranking",
    "Take {cited} away and {item} loses its high place",
    "{item} would drop if {cited} were gone",
)
"""A yes, by what would happen without the cited titles."""

WEAK = (
    "The whole history lifts {item} together, and {cited} [comes|come] closest to a reason",
    "Many titles speak for {item} at once, {cited} among them",
    "Hardly any title lifts {item} alone, though {cited} [comes|come] first",
)
"""A yes that no single title explains."""

WHOLE = (
    "The whole history together lifts {item}, more than any one title in it",
    "Many titles of this user speak for {item} at once, none of them alone",
)
"""A yes that cites nothing."""

LOWER = (
    "{cited} [pulls|pull] the recommender away from {item}",
    "{item} ranks low, pushed down by {cited}",
    "{cited} [counts|count] most against {item}",
    "{cited} [speaks|speak] against {item} here",
    "The recommender puts {item} low because of {cited}",
    "{cited} [points|point] the recommender to other titles than {item}",
    "{item} sits in the lower half, mostly due to {cited}",
    "Most titles beat {item} here, with {cited} weighing against it",
    "Little speaks for {item}, while {cited} [counts|count] against it",
    "What keeps {item} low is {cited}",
)
"""A no: the cited titles lower the item."""

LOWER_REMOVED = (
    "Without {cited}, {item} would stand higher",
    "Take {cited} away and {item} would rise",
    "{item} would climb if {cited} were gone",
)
"""A no, by what would happen without the cited titles."""

CONTRAST = (
    "{cited} [is|are] {kind} and [leads|lead] the recommender that way. {item} is of another kind",
    "{cited} [turns|turn] the recommender toward {values} titles. {item} is not one of them",
    "The recommender follows {cited} toward {values} titles. {item} lies elsewhere",
    "{item} lacks what {cited} [brings|bring]: {labels}",
    "{item} ranks low because it lacks what {cited} [has|have], {labels}",
)
"""A no: the item lacks attributes of the cited titles."""

EMPTY = (
    "Nothing in this history supports {item} enough",
    "Too little in this history speaks for {item}",
    "The recommender finds little reason for {item} in this history",
    "Nothing here carries {item} past the middle of the ranking",
    "This history gives {item} too little support",
)
"""A no that cites nothing."""

SHARED = (
    ": [both|all] are {values} titles",
    ": [both|all] belong to the {values} titles",
    ": [both|all] count among the {values} titles",
    ", and [both|all] count as {values}",
    ", and they share {labels}",
    ", with {labels} in common",
    ": what they share is {labels}",
    ", with {labels} on [both|all]",
)
"""Attributes that all cited titles share with the item."""

PARTLY_SHARED = (
    "{one} shares {labels} with it",
    "Like it, {one} is {kind}",
    "{one} is {kind} too",
)
"""A separate sentence: attributes that one of several cited titles shares with the item."""

MOST = (
    ", and the rest of the history matters less",
    ", and the recommender weighs [that title|those titles] most",
    ": nothing else in the history moves it as much",
    ": to the recommender [this title counts|these titles count] most",
)
"""Follows any sentence with cited titles if there are no attributes to name."""

AFTER_LIFT = (
    ": without [it|them] this item would fall",
    ", and without [it|them] this item would drop",
)
AFTER_LOWER = (
    ": without [it|them] this item would rise",
    ", and without [it|them] this item would climb",
)
"""Likewise, after a yes and after a no that do not already mention removal."""

FALLS = (
    ", so it stays in the lower half",
    ": at least half of the other titles rank above it",
    ", and most other titles do better",
    ": many other titles fit this user better",
)
"""Follows a no that cites nothing."""

FRAMES = (
    *(LIFT + LIFT_REMOVED + WEAK + WHOLE + LOWER + LOWER_REMOVED + CONTRAST + EMPTY),
    *(SHARED + PARTLY_SHARED + MOST + AFTER_LIFT + AFTER_LOWER + FALLS),
)


def inflect(frame: str, plural: bool) -> str:
    """`[is|are]` becomes `is` or `are`."""
    return re.sub(r"\[([^|\]]*)\|([^]]*)\]", r"\2" if plural else r"\1", frame)


def fixed_words(frame: str) -> str:
    """A sentence without its slots."""
    return re.sub(r"\{\w+\}", "", frame)


def article(noun: str) -> str:
    """`a` or `an`, guessed from the spelling of the first word."""
    word = noun.casefold()
    if re.match(r"uni(?!n|m)|use|usu|uto|eu|one\b|once", word):
        return "a"
    return "an" if re.match(r"[aeiou]|hour|heir|honest|8|11\b|18\b", word) else "a"


def enumerate_words(words: list[str]) -> str:
    """`A`, `A and B`, `A, B and C`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
