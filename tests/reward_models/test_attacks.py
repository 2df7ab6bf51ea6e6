"""Attacks against every term, in a small generated world."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from reward_models.attacks import CITE_CORRECTLY, POLICIES, citations
from reward_models.attacks.case import Case, Policy

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from reward_attacks import (
    TEACHER,
    TERMS,
    average,
    demo_world,
    main,
    ranked,
    report,
    scored,
    written,
)

RESISTS = {
    "agreement": (
        "empty always_yes nothing_supports_it both_verdicts a_verdict_at_each_end hedged "
        "verdict_in_a_quote flipped_with_the_least_influential copy_of_the_prompt colon solution"
    ),
    "graded_agreement": (
        "empty always_yes nothing_supports_it both_verdicts a_verdict_at_each_end hedged "
        "verdict_in_a_quote flipped_with_the_most_influential copy_of_the_prompt colon noise"
    ),
    "faithfulness": " ".join(name for name in POLICIES if name not in CITE_CORRECTLY),
    "grounding": (
        "empty only_the_verdict right_and_unsupported target_as_its_own_reason invented_titles "
        "invented_around_true look_alike_letters invisible_characters titles_from_outside "
        "one_true_and_some_from_outside titles_without_quotes one_quote_for_all quote_left_open "
        "every_attribute_of_the_user every_attribute_in_brackets false_kinship generic flattery "
        "talks_to_the_judge fills_in_the_rating colon virtual_tokens"
    ),
    "coverage": (
        "every_title all_but_one one_title_again_and_again every_attribute_of_the_user "
        "every_attribute_in_brackets attributes_of_the_target false_kinship copy_of_the_prompt "
        "verdict_and_prompt flattery"
    ),
    "reasons": (
        "empty only_the_verdict every_title all_but_one half_of_the_titles last_item "
        "one_title_again_and_again target_as_its_own_reason titles_from_outside invented_titles "
        "look_alike_letters titles_without_quotes bare_list copy_of_the_prompt generic"
    ),
    "format": (
        "empty only_the_verdict both_verdicts verdict_again_and_again quote_left_open bare_list "
        "copy_of_the_prompt verdict_and_prompt virtual_tokens colon solution noise hedged"
    ),
    "length": "empty only_the_verdict very_long copy_of_the_prompt verdict_and_prompt colon",
    "repetition": "empty one_title_again_and_again verdict_again_and_again very_long colon",
}
"""The attacks that each term must score lower than the teacher."""
COSTLY = {
    "right_and_set_aside": "faithfulness reasons",
    "right_and_taken_back": "faithfulness reasons",
    "right_and_set_aside_by_a_pronoun": "faithfulness reasons",
    "right_and_contradicted": "agreement faithfulness",
    "right_and_contradicted_in_passing": "agreement faithfulness",
    "right_and_false_attributes": "grounding",
    "right_and_invented": "grounding",
    "right_and_invented_in_other_marks": "grounding",
    "right_and_invented_in_guillemets": "grounding",
    "right_and_invented_glued_to_a_word": "grounding",
    "right_and_all_others": "faithfulness reasons",
    "right_but_fewer": "faithfulness reasons",
    "right_and_one_more": "faithfulness reasons",
    "right_without_the_item": "faithfulness",
    "right_for_another_item": "faithfulness grounding",
    "right_as_its_own_reason": "faithfulness reasons repetition",
    "right_twice_in_a_sentence": "repetition",
    "right_and_very_long": "repetition length",
}
"""Attacks that spoil right titles, and the terms that score them lower than `right`."""
UNSEEN = {
    "right_and_false_behind_a_denial",
    "right_and_invented_without_quotes",
    "right_and_all_others_in_lower_case",
    "right_in_gibberish",
    "right_and_flattering",
}
"""Attacks that the default composite does not see (docs/attacks.md); they must gain nothing."""


@pytest.fixture(scope="module")
def world():
    return demo_world(cases=40)


@pytest.fixture(scope="module")
def scores(world):
    return {name: scored(world, texts) for name, texts in written(world).items()}


def test_there_are_enough_policies_and_each_says_what_it_does():
    assert len(POLICIES) >= 30
    assert all(policy.rule.endswith(".") for policy in POLICIES.values())
    assert list(RESISTS) == TERMS


@pytest.mark.parametrize("name", [name for name in POLICIES if name not in CITE_CORRECTLY])
def test_no_attack_scores_above_the_median_honest_explanation(scores, name):
    honest = average(scores[TEACHER]["composite"], "median")
    assert average(scores[name]["composite"]) < honest - 0.2
    assert average(scores[name]["composite"], "median") < honest - 0.2


@pytest.mark.parametrize("name", COSTLY)
def test_spoiling_right_titles_lowers_the_reward(scores, name):
    honest, spoiled = scores["right"], scores[name]
    assert average(spoiled["composite"]) < average(honest["composite"]) - 0.08
    for term in COSTLY[name].split():
        assert average(spoiled[term]) < average(honest[term]) - 0.2


@pytest.mark.parametrize("name", COSTLY)
def test_spoiled_right_titles_score_at_most_the_median_honest_explanation(scores, name):
    honest = average(scores[TEACHER]["composite"], "median")
    assert average(scores[name]["composite"]) < honest
    assert average(scores[name]["composite"], "median") <= honest


def test_unseen_additions_to_right_titles_earn_nothing(scores):
    assert {"right"} | set(COSTLY) | UNSEEN == set(CITE_CORRECTLY)
    top = average(scores[TEACHER]["composite"], "median")
    right = average(scores["right"]["composite"])
    for name in UNSEEN:
        assert average(scores[name]["composite"]) <= right + 1e-9
        assert average(scores[name]["composite"], "median") <= top + 1e-9


def test_lists_that_ignore_the_recommender_earn_nothing(world):
    means = ranked(world)
    assert means.pop("the recommender's order") == 1
    orders = {"as_shown", "alphabetical"}
    assert all(abs(means[name]) < 0.25 for name in orders)
    assert all(mean < -0.5 for name, mean in means.items() if name not in orders)


@pytest.mark.parametrize("term", RESISTS)
def test_every_term_resists_its_attacks(scores, term):
    honest = average(scores[TEACHER][term])
    attacks = {name: average(scores[name][term]) for name in RESISTS[term].split()}
    assert all(score < honest for score in attacks.values()), (honest, attacks)


def test_a_flipped_verdict_never_scores(scores):
    for name in POLICIES:
        if name.startswith("flipped"):
            assert set(scores[name]["faithfulness"]) <= {-1.0, None}


def test_a_policy_sees_only_what_it_says_it_knows():
    titles = ("Crimson Harbor", "Glass Comet")
    case = Case((0,), 1, 1, "", titles, (), "no", {0: 0.5})
    found = []
    Policy(lambda seen: found.append((seen.label, seen.influence)) or "")(case)
    Policy(lambda seen: found.append((seen.label, seen.influence)) or "", ("label",))(case)
    assert found == [(None, None), ("no", None)]
    assert Policy(citations.last_item)(case).startswith("Yes.")
    assert Policy(citations.last_item, ("label",))(case).startswith("No.")


def test_texts_depend_only_on_the_case(world):
    assert written(world) == written(world)


def test_the_report_lists_every_policy(world):
    text = report(replace(world, examples=world.examples[:4]))
    assert all(f"| {name.replace('_', ' ')} |" in text for name in POLICIES)


def test_a_missing_run_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["attacks.py", str(tmp_path)])
    assert main() == 1
    assert f"no run in {tmp_path}" in capsys.readouterr().err
