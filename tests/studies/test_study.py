"""What a study plans: which runs, in which folders, with which settings."""

from pathlib import Path

import pytest
import yaml

from rl_explain.errors import UserError
from rl_explain.pipeline.configuration import load_config
from rl_explain.studies.plan import planned, planned_ablation
from rl_explain.studies.study import load_study


def write(folder: Path, **values: object) -> Path:
    (folder / "data.yaml").write_text("data: {max_history: 7}\n")
    study = {"output_dir": str(folder / "out"), "configs": {"demo": str(folder / "data.yaml")}}
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(study | values))
    return path


def test_every_seed_and_control(tmp_path: Path) -> None:
    controls = {"no_ranking": ["rewards.weights.ranking=0"]}
    path = write(tmp_path, seeds=[3, 4], controls=controls, overrides=["training.sft.steps=9"])
    runs = list(planned(load_study(path)))
    assert [(r.seed, r.variant) for r in runs] == [
        (3, ""), (3, "no_ranking"), (4, ""), (4, "no_ranking")
    ]  # fmt: skip
    assert [r.config.seed for r in runs] == [3, 3, 4, 4]
    assert all(r.config.data.max_history == 7 for r in runs)
    assert all(r.config.training.sft.steps == 9 for r in runs)
    assert [r.config.rewards.weights["ranking"] for r in runs] == [1.0, 0.0, 1.0, 0.0]
    assert len({r.folder for r in runs}) == 4
    assert runs[1].shared == ("prepare", "recommender", "tasks", "sft")
    assert runs[1].config.evaluation.methods == ("ppo",)


def test_the_other_recommender_is_trained_first_and_its_folder_given(tmp_path: Path) -> None:
    controls = {"foreign": ["rewards.recommender={other_recommender}"]}
    own, other, control = planned(load_study(write(tmp_path, seeds=[0], controls=controls)))
    assert other.stages == ("prepare", "recommender")
    assert other.config.recommender.seed not in (None, own.config.seed)
    assert other.config.seed == own.config.seed  # the same data
    assert control.config.rewards.recommender == str(other.folder)


def test_a_control_with_another_explainer_shares_no_more_than_it_may(tmp_path: Path) -> None:
    foreign = ["recommender.seed={other_seed}", "evaluation.recommender={own_run}"]
    own, control = planned(load_study(write(tmp_path, seeds=[4], controls={"foreign": foreign})))
    assert control.config.recommender.seed not in (None, own.config.seed)
    assert control.config.evaluation.recommender == str(own.folder)
    assert control.shared == ("prepare",)
    assert control.stages == ("prepare", "recommender", "tasks", "sft", "ppo", "evaluate")
    assert control.config.evaluation.methods == ("sft", "ppo")


def test_controls_run_where_they_are_wanted(tmp_path: Path) -> None:
    controls = {"no_ranking": ["rewards.weights.ranking=0"]}
    configs = {name: str(tmp_path / "data.yaml") for name in ("a", "b")}
    path = write(tmp_path, configs=configs, seeds=[0], controls=controls, controls_on=["b"])
    assert [(r.data, r.variant) for r in planned(load_study(path))] == [
        ("a", ""), ("b", ""), ("b", "no_ranking")
    ]  # fmt: skip


def test_a_data_set_may_have_overrides_of_its_own(tmp_path: Path) -> None:
    configs = {name: str(tmp_path / "data.yaml") for name in ("a", "b")}
    own = {"b": ["training.sft.steps=5"]}
    path = write(
        tmp_path,
        configs=configs,
        seeds=[0],
        overrides=["training.sft.steps=9"],
        overrides_on=own,
        controls={"no_ranking": ["rewards.weights.ranking=0"]},
    )
    runs = list(planned(load_study(path)))
    assert [(r.data, r.config.training.sft.steps) for r in runs] == [
        ("a", 9), ("a", 9), ("b", 5), ("b", 5)
    ]  # fmt: skip


def test_overrides_of_the_command_come_last(tmp_path: Path) -> None:
    steps = ["training.sft.steps=9"]
    path = write(tmp_path, overrides=steps, overrides_on={"demo": steps})
    study = load_study(path, ["training.sft.steps=2", f"output_dir={tmp_path / 'elsewhere'}"])
    run = next(planned(study))
    assert run.config.training.sft.steps == 2
    assert run.folder.is_relative_to(tmp_path / "elsewhere")


def test_keys_of_the_study_are_its_own(tmp_path: Path) -> None:
    given = ["seeds=[7]", "processes=3", "ablation.leave_one_out=true", "training.sft.steps=2"]
    study = load_study(write(tmp_path, seeds=[1, 2]), given)
    assert (study.seeds, study.processes, study.ablation.leave_one_out) == ((7,), 3, True)
    assert [run.config.training.sft.steps for run in planned(study)] == [2]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"seeds": []}, "seeds is empty"),
        ({"configs": {}}, "configs is empty"),
        ({"controls_on": ["dem"]}, "Did you mean 'demo'"),
        ({"overrides_on": {"dem": []}}, "data set in overrides_on"),
        ({"processes": 0}, "processes is 0"),
        ({"gpus": -1}, "gpus is -1"),
        ({"executor": "rai"}, "Did you mean 'ray'"),
        ({"ablation": {"terms": ["faithfullness"]}}, "Did you mean 'faithfulness'"),
        ({"ablation": {"grid": {"length": []}}}, r"ablation\.grid\.length is empty"),
        ({"sedes": [1]}, r"unknown key 'sedes'\. Did you mean 'seeds'"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, values: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_study(write(tmp_path, **values))


@pytest.mark.parametrize("name", ["reward_ablation", "all_methods"])
def test_the_studies_that_ship_can_be_planned(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[2]
    monkeypatch.chdir(root)  # where their configurations are named from
    study = load_study(root / "configs" / "studies" / f"{name}.yaml", ["seeds=[0]"])
    own = next(planned(study))
    trained = [m for m in own.config.evaluation.methods if m not in ("base", "best_of_n")]
    assert set(trained) <= set(own.stages)
    if study.ablation.leave_one_out:
        assert len(list(planned_ablation(study))) == 11


def test_a_configuration_is_no_study(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(UserError, match=r"data\.yaml has no output_dir, so it is not a study"):
        load_study(tmp_path / "data.yaml")


def test_a_study_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is a study of many runs: give it to `rl-explain compare`"):
        load_config(write(tmp_path))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["stages=[prepare, ppp]"], "unknown stage 'ppp'"),
        (["seed=1"], r"seed=1 cannot be an override: a study has seeds, give seeds=\[1\]"),
        (["overrides=[seed=2]"], r"give seeds=\[2\]"),
        (["controls={other: [seed=3]}"], r"give seeds=\[3\]"),
        (["ablation.overrides={other: [seed=4]}"], r"give seeds=\[4\]"),
    ],
)
def test_mistakes_are_told_before_anything_runs(
    tmp_path: Path, overrides: list[str], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        load_study(write(tmp_path), overrides)


def test_no_controls_of_a_ppo_that_is_not_asked_for(tmp_path: Path) -> None:
    controls = {"no_ranking": ["rewards.weights.ranking=0"]}
    path = write(tmp_path, seeds=[0], controls=controls, stages=["prepare", "recommender"])
    assert [run.variant for run in planned(load_study(path))] == [""]
