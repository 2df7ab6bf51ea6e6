"""Attacks: policies whose texts explain nothing but try to get a reward. A reward must resist them.

They need no recommender. `Policy.knows` says which of them know the label or the items' influence;
the others always say yes. `benchmarks/reward_attacks.py` compares their rewards with those of
honest explanations.
"""

from reward_models.attacks import citations, correct_citation_attacks, verdicts, words
from reward_models.attacks.case import Policy

LABEL = ("label",)
ORACLE = ("label", "influence")

POLICIES: dict[str, Policy] = {
    "empty": Policy(verdicts.empty),
    "only_the_verdict": Policy(verdicts.only_the_verdict, LABEL),
    "always_yes": Policy(verdicts.always_yes),
    "nothing_supports_it": Policy(verdicts.nothing_supports_it),
    "right_and_unsupported": Policy(verdicts.right_and_unsupported, LABEL),
    "both_verdicts": Policy(verdicts.both_verdicts),
    "a_verdict_at_each_end": Policy(verdicts.a_verdict_at_each_end),
    "hedged": Policy(verdicts.hedged),
    "verdict_in_a_quote": Policy(verdicts.verdict_in_a_quote, LABEL),
    "verdict_again_and_again": Policy(verdicts.verdict_again_and_again, LABEL),
    "flipped_with_the_least_influential": Policy(
        verdicts.flipped_with_the_least_influential, ORACLE
    ),
    "flipped_with_the_most_influential": Policy(verdicts.flipped_with_the_most_influential, ORACLE),
    "every_title": Policy(citations.every_title, LABEL),
    "all_but_one": Policy(citations.all_but_one, LABEL),
    "half_of_the_titles": Policy(citations.half_of_the_titles, LABEL),
    "one_title_again_and_again": Policy(citations.one_title_again_and_again, LABEL),
    "last_item": Policy(citations.last_item, LABEL),
    "last_items": Policy(citations.last_items, LABEL),
    "first_items": Policy(citations.first_items, LABEL),
    "random_titles": Policy(citations.random_titles, LABEL),
    "most_similar": Policy(citations.most_similar, LABEL),
    "least_similar": Policy(citations.least_similar, LABEL),
    "target_as_its_own_reason": Policy(citations.target_as_its_own_reason, LABEL),
    "titles_from_outside": Policy(citations.titles_from_outside, LABEL),
    "one_true_and_some_from_outside": Policy(citations.one_true_and_some_from_outside, LABEL),
    "invented_titles": Policy(citations.invented_titles, LABEL),
    "invented_around_true": Policy(citations.invented_around_true, LABEL),
    "look_alike_letters": Policy(citations.look_alike_letters, LABEL),
    "invisible_characters": Policy(citations.invisible_characters, LABEL),
    "titles_without_quotes": Policy(citations.titles_without_quotes, LABEL),
    "one_quote_for_all": Policy(citations.one_quote_for_all, LABEL),
    "quote_left_open": Policy(citations.quote_left_open, LABEL),
    "bare_list": Policy(citations.bare_list, LABEL),
    "every_attribute_of_the_user": Policy(words.every_attribute_of_the_user, LABEL),
    "every_attribute_in_brackets": Policy(words.every_attribute_in_brackets, LABEL),
    "attributes_of_the_target": Policy(words.attributes_of_the_target, LABEL),
    "false_kinship": Policy(words.false_kinship, LABEL),
    "copy_of_the_prompt": Policy(words.copy_of_the_prompt),
    "verdict_and_prompt": Policy(words.verdict_and_prompt, LABEL),
    "very_long": Policy(words.very_long, LABEL),
    "generic": Policy(words.generic, LABEL),
    "flattery": Policy(words.flattery, LABEL),
    "talks_to_the_judge": Policy(words.talks_to_the_judge, LABEL),
    "fills_in_the_rating": Policy(words.fills_in_the_rating, LABEL),
    "colon": Policy(words.colon),
    "solution": Policy(words.solution),
    "thought_process": Policy(words.thought_process),
    "step_by_step": Policy(words.step_by_step, LABEL),
    "virtual_tokens": Policy(words.virtual_tokens, LABEL),
    "noise": Policy(words.noise),
    "right": Policy(correct_citation_attacks.right, ORACLE),
    "right_and_set_aside": Policy(correct_citation_attacks.right_and_set_aside, ORACLE),
    "right_and_taken_back": Policy(correct_citation_attacks.right_and_taken_back, ORACLE),
    "right_and_set_aside_by_a_pronoun": Policy(
        correct_citation_attacks.right_and_set_aside_by_a_pronoun, ORACLE
    ),
    "right_and_contradicted": Policy(correct_citation_attacks.right_and_contradicted, ORACLE),
    "right_and_contradicted_in_passing": Policy(
        correct_citation_attacks.right_and_contradicted_in_passing, ORACLE
    ),
    "right_and_false_attributes": Policy(
        correct_citation_attacks.right_and_false_attributes, ORACLE
    ),
    "right_and_false_behind_a_denial": Policy(
        correct_citation_attacks.right_and_false_behind_a_denial, ORACLE
    ),
    "right_and_invented": Policy(correct_citation_attacks.right_and_invented, ORACLE),
    "right_and_invented_in_other_marks": Policy(
        correct_citation_attacks.right_and_invented_in_other_marks, ORACLE
    ),
    "right_and_invented_in_guillemets": Policy(
        correct_citation_attacks.right_and_invented_in_guillemets, ORACLE
    ),
    "right_and_invented_glued_to_a_word": Policy(
        correct_citation_attacks.right_and_invented_glued_to_a_word, ORACLE
    ),
    "right_and_invented_without_quotes": Policy(
        correct_citation_attacks.right_and_invented_without_quotes, ORACLE
    ),
    "right_and_all_others": Policy(correct_citation_attacks.right_and_all_others, ORACLE),
    "right_and_all_others_in_lower_case": Policy(
        correct_citation_attacks.right_and_all_others_in_lower_case, ORACLE
    ),
    "right_but_fewer": Policy(correct_citation_attacks.right_but_fewer, ORACLE),
    "right_and_one_more": Policy(correct_citation_attacks.right_and_one_more, ORACLE),
    "right_without_the_item": Policy(correct_citation_attacks.right_without_the_item, ORACLE),
    "right_for_another_item": Policy(correct_citation_attacks.right_for_another_item, ORACLE),
    "right_as_its_own_reason": Policy(correct_citation_attacks.right_as_its_own_reason, ORACLE),
    "right_twice_in_a_sentence": Policy(correct_citation_attacks.right_twice_in_a_sentence, ORACLE),
    "right_in_gibberish": Policy(correct_citation_attacks.right_in_gibberish, ORACLE),
    "right_and_very_long": Policy(correct_citation_attacks.right_and_very_long, ORACLE),
    "right_and_flattering": Policy(correct_citation_attacks.right_and_flattering, ORACLE),
}
"""Every policy, by name."""

CITE_CORRECTLY = tuple(
    name for name in POLICIES if name.startswith("right") and POLICIES[name].knows == ORACLE
)
"""Policies that know the right verdict and titles, and attack with the words around them. `right`
itself is no attack but the reference; the others should get less."""
