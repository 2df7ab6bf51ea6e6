from reward_models.agreement import agreement


def test_right_wrong_missing_and_contradictory_verdicts(yes_context):
    texts = ["Yes. It fits.", "No. It does not.", "It may fit.", "Yes. Verdict: no."]
    columns = {"task": ["explanation"] * 4, "label": ["yes"] * 4}
    assert agreement(texts, context=yes_context, **columns) == [1, 0, 0, 0]
    columns["label"] = ["no"] * 4
    assert agreement(texts, context=yes_context, **columns) == [0, 1, 0, 0]


def test_applies_only_to_labelled_explanations_and_classifications(yes_context):
    tasks = ["classification", "explanation", "explanation", "ranking"]
    labels = ["yes", None, "yes", "yes"]
    scores = agreement(["Yes"] * 4, context=yes_context, task=tasks, label=labels)
    assert scores == [1, None, 1, None]
