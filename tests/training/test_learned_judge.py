"""The learned judge: agrees with its teacher on questions it has not seen; saved without pickle."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reward_models.context import RewardContext
from reward_models.judge.types import JudgeCase, prefer_by_rating
from rl_explain.config.settings import ModelConfig
from rl_explain.errors import UserError
from rl_explain.training.learned_judge import preferred_pairs, train_learned_judge
from rl_explain.training.learned_judge_settings import RewardModelSettings
from rl_explain.training.reward_model import LearnedJudge, RewardModel, Scale

CONTEXT = RewardContext(("Copper Lantern", "Iron Tide"), (), None)  # type: ignore[arg-type]
REASONS = ("because of both", "because of it", "it and it", "of and of")


class LikesBoth:
    """A teacher with a taste that a small model can learn: 4 for the word "both", else 2."""

    def rate(self, cases):  # type: ignore[no-untyped-def]
        return [4.0 if "both" in case.text else 2.0 for case in cases]

    def prefer(self, pairs):  # type: ignore[no-untyped-def]
        return prefer_by_rating(self.rate, pairs)


def questions(count: int) -> list[list[JudgeCase]]:
    """The texts of each question."""
    rng = np.random.default_rng(0)
    return [
        [JudgeCase(f"Yes. {words}{' the' * rng.integers(4)}", (0,), 1, "yes") for words in REASONS]
        for _ in range(count)
    ]


@pytest.fixture(scope="module")
def trained(random_base: Path, tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    folder = tmp_path_factory.mktemp("judge-train")
    settings = RewardModelSettings(
        questions=20, pairs=4, epochs=12, batch_size=8, learning_rate=5e-3
    )
    model = ModelConfig(name=str(random_base), lora_rank=8)
    metrics = train_learned_judge(
        LikesBoth(), questions(20), CONTEXT, model, settings, folder, seed=0, device="cpu"
    )
    return folder, metrics


def test_it_prefers_what_its_teacher_prefers_on_questions_held_out(trained) -> None:  # type: ignore[no-untyped-def]
    _, metrics = trained
    assert metrics["held_out_pairs"] >= 5
    assert metrics["held_out_accuracy"] >= 0.9  # chance is 0.5


def test_it_rates_and_compares_as_a_judge_after_loading(trained) -> None:  # type: ignore[no-untyped-def]
    folder, _ = trained
    judge = LearnedJudge.load(folder, CONTEXT)
    cases = [case for texts in questions(3) for case in texts]
    ratings = np.array(judge.rate(cases))
    told = np.array(LikesBoth().rate(cases))
    assert ((ratings >= 2) & (ratings <= 4)).all()
    assert ratings[told == 4].mean() > ratings[told == 2].mean() + 1
    liked, other = cases[0], cases[1]
    pairs = [(liked, other), (other, liked), (liked, liked)]
    assert judge.prefer(pairs) == ["first", "second", "tie"]
    assert judge.rate([]) == [] == judge.prefer([])


def test_scores_do_not_depend_on_the_batch(random_base: Path) -> None:
    model = RewardModel.untrained(ModelConfig(name=str(random_base), lora_rank=2), CONTEXT)
    cases = [case for texts in questions(2) for case in texts]
    alone = [model.scores([case])[0] for case in cases]
    assert model.scores(cases) == pytest.approx(alone, abs=1e-4)
    assert np.ptp(alone) > 1e-3


def test_nothing_is_pickled(trained) -> None:  # type: ignore[no-untyped-def]
    folder, _ = trained
    kept = {path.name for path in (folder / "adapter").iterdir()} | {
        path.name for path in folder.iterdir() if path.is_file()
    }
    assert "adapter_model.safetensors" in kept and "judge.json" in kept
    assert not any(name.endswith((".bin", ".pt", ".pkl")) for name in kept)


def test_a_folder_without_a_judge_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no learned judge in .*: run `rl-explain judge-train`"):
        LearnedJudge.load(tmp_path, CONTEXT)


def test_pairs_are_of_one_question_and_put_the_preferred_first() -> None:
    asked = [[replace(case, item=n) for case in texts] for n, texts in enumerate(questions(3))]
    pairs = preferred_pairs(LikesBoth(), asked, 5, seed=0)
    assert 0 < len(pairs) < 15  # ties are left out
    assert all(chosen.item == other.item for chosen, other in pairs)
    assert all("both" in chosen.text and "both" not in other.text for chosen, other in pairs)


def test_a_teacher_without_preferences_is_refused(tmp_path: Path, random_base: Path) -> None:
    class Indifferent(LikesBoth):
        def prefer(self, pairs):  # type: ignore[no-untyped-def]
            return ["tie"] * len(pairs)

    with pytest.raises(UserError, match=r"0 training preferences .* raise training\.judge"):
        train_learned_judge(
            Indifferent(),
            questions(5),
            CONTEXT,
            ModelConfig(name=str(random_base)),
            RewardModelSettings(learning_rate=1e-3),
            tmp_path,
            seed=0,
        )


def test_the_scale_by_hand() -> None:
    scores = np.array([-1.0, -3.0, 0.0, 2.0, 1.0])
    scale = Scale.fit(scores, np.array([1.0, 1.2, 2.0, 4.0, 4.0]), tie=0.0)
    # level 1 at -2, level 2 at 0, level 4 at 1.5
    found = scale.ratings(np.array([-9.0, -1.0, 0.0, 0.75, 9.0]))
    assert found.tolist() == pytest.approx([1.0, 1.5, 2.0, 3.0, 4.0])


def test_a_higher_score_is_never_a_lower_rating() -> None:
    scale = Scale.fit(np.array([1.0, 0.0, 2.0]), np.array([1.0, 2.0, 3.0]), tie=0.0)
    assert list(scale.scores) == [1.0, 1.0, 2.0]
    ratings = scale.ratings(np.linspace(-1, 3, 50))
    assert (np.diff(ratings) >= 0).all()
