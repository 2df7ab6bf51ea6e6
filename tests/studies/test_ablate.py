"""A whole ablation: candidates are sampled once, and the tables say what was planted."""

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from light_runs import perform_by

from reward_models import REWARDS
from rl_explain.data.catalogue import Catalogue
from rl_explain.data.interactions import Interactions
from rl_explain.errors import UserError
from rl_explain.explainer.generation import Answer
from rl_explain.pipeline import train as training
from rl_explain.pipeline.run import Metrics, Run
from rl_explain.pipeline.sampling import scored_samples
from rl_explain.pipeline.table import STAGES
from rl_explain.studies.ablate import ablate
from rl_explain.studies.study import Study, load_study
from rl_explain.tasks.examples import Example, read_examples, write_examples
from rl_explain.training.pairs import read_pairs

FAITHFULNESS_SCORE, GROUNDING = "faithfulness/score", "grounding/precision"
PERFORMED = ("prepare", "recommender", "tasks", "sft", "pairs", "orpo", "evaluate")
WHOLE = {"agreement": 1, "faithfulness": 3, "grounding": 2}


def study(folder: Path, **ablation: Any) -> Study:
    config = {
        "rewards": {"weights": WHOLE},
        "training": {"pairs": {"prompts": 12, "samples": 3, "margin": 0.01}},
        "evaluation": {"methods": ["sft", "best_of_n", "orpo"], "best_of_n": 2},
    }
    (folder / "data.yaml").write_text(yaml.safe_dump(config))
    values = {
        "output_dir": str(folder / "out"),
        "configs": {"demo": str(folder / "data.yaml")},
        "seeds": [0],
        "stages": list(PERFORMED),
        "ablation": ablation,
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(values))
    return load_study(folder / "study.yaml")


TITLES = tuple(f"Title Number {chr(65 + i)}{chr(97 + i)}" for i in range(24))
INTERACTIONS = Interactions(Catalogue(TITLES, TITLES, ({},) * 24), (), (), None)


class Linear:
    """A recommender that adds up what each item of a history says of each item."""

    fingerprint = "linear"
    says = np.random.default_rng(0).normal(size=(24, 24))

    def score(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
        return np.stack([self.says[[i for i in h if i >= 0]].sum(0) for h in histories])


def questions() -> list[Example]:
    found = []
    for user in range(12):
        history = tuple((5 * user + 2 * i) % 24 for i in range(6))
        item, label = (5 * user + 1) % 24, ("yes", "no")[user % 2]
        prompt = f"explain {user}"
        found.append(
            Example("explanation", "hybrid", prompt, "", user, user, history, item, label, None, 2)
        )
    return found


class Sampler:
    """Explains with titles that a counter picks; knows how often it was asked."""

    calls = 0

    def generate(self, prompts: Sequence[str], **options: Any) -> list[list[Answer]]:
        type(self).calls += 1
        copies = range(options["num_return_sequences"])
        return [[Answer(self._text(i, k), True, 9) for k in copies] for i in range(len(prompts))]

    def _text(self, prompt: int, copy: int) -> str:
        titles = [TITLES[(5 * prompt + 7 * copy + j) % len(TITLES)] for j in (0, 3)]
        return f'{("Yes", "No")[copy % 2]}. "{titles[0]}" and "{titles[1]}" speak for it.'


@pytest.fixture
def sampler(light_stages: Callable, monkeypatch: pytest.MonkeyPatch) -> type[Sampler]:
    """Real pairs and candidates of best of n, on a small world; all else takes no time."""
    light_stages(lambda run, method, name: 0.5)
    light = STAGES["evaluate"].perform

    def tasks(run: Run, folder: Path) -> Metrics:
        write_examples(questions(), folder / "rl.jsonl")
        return {}

    def orpo(run: Run, folder: Path) -> Metrics:
        return {"steps": 1, "pairs": len(read_pairs(run.stage_folder("pairs")))}

    def evaluate(run: Run, folder: Path) -> Metrics:
        examples = read_examples(run.stage_folder("tasks") / "rl.jsonl")
        n = run.config.evaluation.best_of_n
        scored_samples(run, folder, examples, n, temperature=1.0, description="best_of_n")
        return light(run, folder)

    for stage, function in {"tasks": tasks, "orpo": orpo, "evaluate": evaluate}.items():
        perform_by(monkeypatch, stage, function)
    perform_by(monkeypatch, "pairs", training.pairs)
    monkeypatch.setattr(Run, "interactions", INTERACTIONS)
    monkeypatch.setattr(Run, "recommender", Linear())
    monkeypatch.setattr(Sampler, "calls", 0)
    monkeypatch.setattr(Run, "explainer", lambda run, method: Sampler())
    return Sampler


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_ten_mixtures_sample_once(
    tmp_path: Path, sampler: type[Sampler], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    for name, reward in list(REWARDS.items()):

        def counted(*texts: Any, _name: str = name, _reward: Any = reward, **columns: Any) -> Any:
            asked.append(_name)
            return _reward(*texts, **columns)

        monkeypatch.setitem(REWARDS, name, counted)
    grid = {"faithfulness": [0, 1, 3], "grounding": [0, 2], "agreement": [0, 1]}
    ablate(study(tmp_path, grid=grid))
    runs = sorted(path.name for path in (tmp_path / "out" / "demo").iterdir())
    assert len(runs) == 11  # the whole reward, and 12 mixtures less the whole and the empty one
    assert sampler.calls == 2  # pairs, and best of n
    assert sorted(asked) == sorted(2 * list(WHOLE))


def test_pairs_of_kept_candidates_are_those_of_new_ones(
    tmp_path: Path, sampler: type[Sampler]
) -> None:
    ablate(study(tmp_path, leave_one_out=True))
    reused = tmp_path / "out" / "demo" / "seed_0-without_faithfulness" / "pairs"
    for name in ("with", "alone"):
        (tmp_path / name).mkdir()
    alone = study(tmp_path / "alone", overrides={"x": ["training.orpo.beta=2"]})
    alone.overrides = ("rewards.weights.faithfulness=0",)
    before = sampler.calls
    ablate(alone)
    assert sampler.calls == before + 2
    anew = tmp_path / "alone" / "out" / "demo" / "seed_0" / "pairs"
    for name in ("pairs.jsonl", "samples.jsonl"):
        assert (reused / name).read_text() == (anew / name).read_text()
    assert lines(reused / "pairs.jsonl") != lines(
        tmp_path / "out" / "demo" / "seed_0" / "pairs" / "pairs.jsonl"
    )


def test_terms_that_were_not_scored_are_scored_on_what_was_kept(
    tmp_path: Path, sampler: type[Sampler]
) -> None:
    ablate(study(tmp_path, grid={"length": [1]}))
    assert sampler.calls == 2
    sample = lines(tmp_path / "out" / "demo" / "seed_0-length_1" / "pairs" / "samples.jsonl")[0]
    assert {"length", "faithfulness", "total"} <= set(sample)


def planted(run: Run, method: str, metric: str) -> float:
    """Faithfulness buys faithfulness score, and costs grounding."""
    weight = run.config.rewards.weights.get("faithfulness", 0) * (method == "orpo")
    return 0.5 + {FAITHFULNESS_SCORE: 0.1, GROUNDING: -0.05}.get(metric, 0) * weight


def test_what_a_term_gains_and_costs(tmp_path: Path, light_stages: Callable) -> None:
    light_stages(planted)
    text = ablate(study(tmp_path, leave_one_out=True, one_term_only=True)).read_text()
    text = text.partition("# demo, orpo\n\nSeeds 0.\n")[2]
    gains = next(line for line in text.splitlines() if line.startswith("- faithfulness: "))
    assert f"gains {FAITHFULNESS_SCORE} +0.3" in gains
    assert f"costs {GROUNDING} -0.1" in gains
    assert "- agreement: no clear difference" in text
    with (tmp_path / "out" / "ablation_differences.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["seed"] == "pooled"]
    found = {(r["method"], r["metric"]): float(r["difference"]) for r in rows}
    assert found["orpo, without_faithfulness", FAITHFULNESS_SCORE] == pytest.approx(-0.3, abs=0.05)
    assert found["orpo, only_faithfulness", GROUNDING] == pytest.approx(0.1, abs=0.05)


def test_the_front_and_the_weights_are_left_for_programs(
    tmp_path: Path, light_stages: Callable
) -> None:
    light_stages(planted)
    ablate(study(tmp_path, leave_one_out=True, pareto=[FAITHFULNESS_SCORE]))
    left = json.loads((tmp_path / "out" / "ablation.json").read_text())
    beaten_by = left["beaten_by"]["demo"]["orpo"]
    assert "whole reward" in beaten_by["without_faithfulness"]
    weights = {run["variant"]: run["weights"] for run in left["runs"]}
    assert weights["without_grounding"] == {"agreement": 1, "faithfulness": 3}


def test_an_ablation_of_nothing_runs_nothing(tmp_path: Path, light_stages: Callable) -> None:
    performed = light_stages(planted)
    with pytest.raises(UserError, match="names no variant"):
        ablate(study(tmp_path))
    assert not performed
