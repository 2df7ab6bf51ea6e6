"""Attacks that know the right verdict and choose citations by a simple rule."""

from collections.abc import Sequence

from reward_models.attacks.case import Case

LOOK_ALIKES = str.maketrans("aceopxyACEOPX", "асеорхуАСЕОРХ")
"""Latin letters to look-alike Cyrillic ones."""


def _kinship(case: Case, item: int) -> int:
    """Number of attribute values that an item shares with the target."""
    return len(set(case.values([item])) & set(case.values([case.item])))


def _by_kinship(case: Case) -> Sequence[int]:
    return sorted(case.recent, key=lambda item: -_kinship(case, item))


def every_title(case: Case) -> str:
    """Every title of the history."""
    return case.because_of(case.named(case.recent))


def all_but_one(case: Case) -> str:
    """Every title of the history but the oldest."""
    return case.because_of(case.named(case.recent[:-1]))


def half_of_the_titles(case: Case) -> str:
    """Half of the history's titles."""
    return case.because_of(case.named(case.recent[: (len(case.recent) + 1) // 2]))


def one_title_again_and_again(case: Case) -> str:
    """The latest title ten times."""
    return case.because_of(", ".join([case.named(case.recent[:1])] * 10))


def last_item(case: Case) -> str:
    """The latest title."""
    return case.because_of(case.named(case.recent[:1]))


def last_items(case: Case) -> str:
    """The latest titles, as many as asked for."""
    return case.because_of(case.named(case.recent[: case.reasons]))


def first_items(case: Case) -> str:
    """The oldest titles, as many as asked for."""
    return case.because_of(case.named(case.recent[::-1][: case.reasons]))


def random_titles(case: Case) -> str:
    """Random titles of the history."""
    return case.because_of(case.named(case.rng.permutation(case.recent)[: case.reasons].tolist()))


def most_similar(case: Case) -> str:
    """The titles that share the most attributes with the asked one."""
    return case.because_of(case.named(_by_kinship(case)[: case.reasons]))


def least_similar(case: Case) -> str:
    """The titles that share the fewest attributes with the asked one."""
    return case.because_of(case.named(_by_kinship(case)[::-1][: case.reasons]))


def target_as_its_own_reason(case: Case) -> str:
    """The asked title because of itself."""
    return case.because_of(case.target)


def titles_from_outside(case: Case) -> str:
    """Catalogue titles that the user never chose."""
    return case.because_of(case.named(case.outsiders(case.reasons)))


def one_true_and_some_from_outside(case: Case) -> str:
    """The latest title and some that the user never chose."""
    return case.because_of(case.named([*case.recent[:1], *case.outsiders(case.reasons)]))


def invented_titles(case: Case) -> str:
    """Titles that do not exist."""
    made_up = ('"The Unwritten Chapter"', '"A Song for Nobody"', '"Third Moon Rising"')
    return case.because_of(" and ".join(made_up[: case.reasons]))


def invented_around_true(case: Case) -> str:
    """Invented titles that contain real ones."""
    made_up = [f'"{case.titles[item]} Returns"' for item in case.recent[: case.reasons]]
    return case.because_of(" and ".join(made_up))


def look_alike_letters(case: Case) -> str:
    """The latest titles in look-alike letters of another alphabet."""
    return case.because_of(case.named(case.recent[: case.reasons]).translate(LOOK_ALIKES))


def invisible_characters(case: Case) -> str:
    """The latest titles with zero-width spaces inside."""
    names = [f'"{chr(0x200B).join(case.titles[i])}"' for i in case.recent[: case.reasons]]
    return case.because_of(" and ".join(names))


def titles_without_quotes(case: Case) -> str:
    """Every title of the history, in lower case and without quotes."""
    return case.because_of(case.named(case.recent).replace('"', "").lower())


def one_quote_for_all(case: Case) -> str:
    """Every title of the history inside a single pair of quotes."""
    return case.because_of('"' + ", ".join(case.titles[i] for i in case.recent) + '"')


def quote_left_open(case: Case) -> str:
    """An invented title that is cut off inside its quotes."""
    return f'{case.verdict}. The recommender places {case.target} there because of "The Unwr'


def bare_list(case: Case) -> str:
    """The history as a list of titles, in the form of a ranking answer."""
    return f"{case.verdict}. " + "; ".join(f'"{case.titles[item]}"' for item in case.recent)
