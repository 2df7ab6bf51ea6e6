"""Every configuration that ships can be read: keys, types and ranges."""

from pathlib import Path

import pytest

from rl_explain.pipeline.configuration import load_config, read_yaml
from rl_explain.studies.study import load_study

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "configs").rglob("*.yaml"))


def is_study(path: Path) -> bool:
    return "configs" in read_yaml(path)


def test_all_folders_are_looked_into() -> None:
    folders = {path.parent.name for path in FILES}
    assert folders >= {"configs", "studies", "published"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_it_loads(path: Path) -> None:
    if not is_study(path):
        load_config(path)
        return
    study = load_study(path)
    for data, config in study.configs.items():
        load_config(ROOT / config, list(study.overrides_of(data)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_it_says_how_it_is_run(path: Path) -> None:
    opening = path.read_text(encoding="utf-8").partition("\n\n")[0]
    assert str(path.relative_to(ROOT)) in opening
    assert opening.startswith("#")


def test_published_settings_say_that_they_were_not_run_here() -> None:
    for path in (ROOT / "configs" / "published").glob("*.yaml"):
        assert "NOT RUN HERE" in path.read_text(encoding="utf-8")


def test_published_settings_are_the_published_ones() -> None:
    recexplainer = load_config(ROOT / "configs/published/recexplainer_7b.yaml")
    model, sft = recexplainer.model, recexplainer.training.sft
    assert (model.lora_rank, model.lora_alpha, model.lora_dropout) == (16, 32, 0.05)
    assert model.lora_targets == ("q_proj", "k_proj", "v_proj", "o_proj")
    assert (sft.learning_rate, sft.warmup, sft.batch_size) == (1e-4, 0.1, 64)
    rlaif = load_config(ROOT / "configs/published/rlaif_qwen3_0.6b.yaml")
    assert rlaif.model.name == "Qwen/Qwen3-0.6B"
    assert {"sft", "orpo"} <= set(rlaif.stages)
    assert rlaif.training.pairs.prompts == 1250
