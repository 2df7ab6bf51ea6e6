"""Configurations: read, overridden, refused with the closest valid name."""

from pathlib import Path

import pytest

from rl_explain import Config
from rl_explain.config.reader import to_yaml
from rl_explain.errors import UserError
from rl_explain.pipeline.configuration import load_config


@pytest.fixture
def write(tmp_path: Path):  # type: ignore[no-untyped-def]
    def _write(text: str) -> Path:
        path = tmp_path / "config.yaml"
        path.write_text(text)
        return path

    return _write


def test_overrides_reach_nested_fields(write) -> None:  # type: ignore[no-untyped-def]
    path = write("seed: 3\ntraining: {ppo: {learning_rate: 1e-5}}")
    config = load_config(path, ["training.ppo.iterations=7", "rewards.weights.ranking=0.25"])
    assert config.seed == 3
    assert config.training.ppo.learning_rate == 1e-5
    assert config.training.ppo.iterations == 7
    assert config.rewards.weights == Config().rewards.weights | {"ranking": 0.25}


def test_an_override_leaves_the_group_alone_that_an_alias_repeats(write) -> None:  # type: ignore[no-untyped-def]
    path = write("training: {ppo: &same {iterations: 3, max_new_tokens: 9}, grpo: *same}")
    training = load_config(path, ["training.ppo.iterations=7"]).training
    assert (training.ppo.iterations, training.grpo.iterations) == (7, 3)
    assert (training.ppo.max_new_tokens, training.grpo.max_new_tokens) == (9, 9)


def test_resolved_configuration_reads_back(write) -> None:  # type: ignore[no-untyped-def]
    config = load_config(write("seed: 5"))
    assert load_config(write(to_yaml(config))) == config


def test_rewards_that_move_read_back(write) -> None:  # type: ignore[no-untyped-def]
    overrides = [
        "rewards.normalisation.faithfulness=running",
        "rewards.clip={faithfulness: 2}",
        "rewards.schedule.reasons=[[0, 0], [0.5, 1]]",
    ]
    config = load_config(write("seed: 5"), overrides)
    assert config.rewards.normalisation == {"faithfulness": "running"}
    assert config.rewards.schedule == {"reasons": ((0.0, 0.0), (0.5, 1.0))}
    assert load_config(write(to_yaml(config))) == config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sed: 1", r"unknown key 'sed'\. Did you mean 'seed'\?"),
        ("training: {ppo: {learning_rat: 1}}", r"Did you mean 'training\.ppo\.learning_rate'\?"),
        ("data: {format: movielen}", r"unknown data\.format 'movielen'\. Did you mean 'movielens'"),
        ("data: {format: movielens}", r"data\.path is not set"),
        ("data: {format: csv, items: a.csv}", r"data\.interactions is not set"),
        ("stages: [sftt]", r"unknown stage 'sftt'\. Did you mean 'sft'"),
        ("tasks: {form: hybird}", r"Did you mean 'hybrid'"),
        ("seed: many", r"seed is 'many'"),
        ("training: {ppo: {learning_rate: fast}}", r"learning_rate is 'fast': give a number"),
        ("data: demo", r"data is 'demo': give a group of keys"),
        ("[1, 2]", r"a configuration is a mapping"),
        ("a: [", r"not valid YAML"),
        ("rewards: {weights: {faithfullness: 1}}", r"Did you mean 'faithfulness'"),
        ("rewards: {weights: {faithfulness: 0}}", r"sum"),
        (
            "rewards: {normalisation: {grounding: bach}}",
            r"rewards\.normalisation: .*'grounding' is 'bach': give none, batch or running",
        ),
        ("rewards: {clip: {grounding: -1}}", r"rewards\.clip: .*'grounding' is clipped at -1"),
        ("rewards: {clip: {groundng: 1}}", r"rewards\.clip: .*Did you mean 'grounding'"),
        ("rewards: {schedule: {length: [[0, 1], [2, 1]]}}", r"rewards\.schedule: .*from 0 to 1"),
        ("rewards: {schedule: {length: 1}}", r"rewards\.schedule\.length is 1"),
        ("rewards: {length_band: [9, 3]}", r"rewards\.length_band: the band is \[9, 3\]: give"),
        (
            "training: {sft: {batch_size: 0}}",
            r"training\.sft\.batch_size is 0: give a number above",
        ),
        ("training: {rl: {counts: {rankng: 1}}}", r"Did you mean 'ranking'"),
        ("seed: -1", r"seed is -1: give 0 or more"),
        ("data: {max_history: 2}", r"data\.max_history is 2: give 3 or more"),
        ("recommender: {heads: 3}", r"recommender\.heads is 3: give a divisor of .*dim, 64"),
        ("recommender: {patience: 0}", r"recommender\.patience is 0"),
        ("training: {sft: {learning_rate: .nan}}", r"training\.sft\.learning_rate is nan"),
        ("training: {pairs: {samples: 1}}", r"training\.pairs\.samples is 1: give 2 or more"),
        ("training: {pairs: {margin: -1}}", r"training\.pairs\.margin is -1"),
        ("training: {rl: {counts: {explanation: 0}}}", r"rl\.counts is .*give explanation prompts"),
        ("model: {lora_rank: 0}", r"model\.lora_rank is 0"),
        ("teacher: {corruption_rate: 7}", r"teacher\.corruption_rate is 7"),
        ("tasks: {sft_forms: []}", r"tasks\.sft_forms is empty"),
        ("tasks: {counts: {clasification: 5}}", r"Did you mean 'classification'"),
        ("tasks: {counts: {ranking: -1}}", r"tasks\.counts\.ranking is -1"),
        ("evaluation: {methods: [ppoo]}", r"Did you mean 'ppo'"),
        ("evaluation: {baselines: [randm]}", r"Did you mean 'random'"),
        ("evaluation: {top_item: 0}", r"evaluation\.top_item is 0: give a number above 0"),
        ("evaluation: {pressure: -1}", r"evaluation\.pressure is -1: give 0 or more"),
        ("evaluation: {simulatability: -1}", r"evaluation\.simulatability is -1: give 50 or more"),
    ],
)
def test_mistakes_are_named(write, text: str, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UserError, match=message):
        load_config(write(text))


@pytest.mark.parametrize(
    ("text", "trained"),
    [
        ("model: {name: tiny}", False),
        ("model: {name: tiny, train_connectors: true}", True),
        ("model: {name: some/base}", True),
    ],
)
def test_connectors_train_unless_the_base_is_tiny(write, text: str, trained: bool) -> None:  # type: ignore[no-untyped-def]
    assert load_config(write(text)).model.train_connectors is trained


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("seed=[1", "not valid YAML"),
        ("seed.x=1", "seed is 0, which is not a group"),
        ("training.sft=5", "training.sft is 5: give a group of keys"),
    ],
)
def test_broken_overrides_are_named(write, override: str, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UserError, match=message):
        load_config(write("seed: 0"), [override])


def test_overrides_fill_empty_groups_and_take_text_as_it_is(write) -> None:  # type: ignore[no-untyped-def]
    config = load_config(
        write("training:\nseed: 0"),
        ["training.sft.steps=5", "output_dir=runs/a #1", "model.name=@x", "data.path=null"],
    )
    assert config.training.sft.steps == 5
    assert (config.output_dir, config.model.name, config.data.path) == ("runs/a #1", "@x", None)


def test_missing_file_and_broken_override(write, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UserError, match="no configuration at"):
        load_config(tmp_path / "none.yaml")
    with pytest.raises(UserError, match="write key=value"):
        load_config(write(""), ["seed"])


def test_rates_follow_the_base_unless_they_are_given(write) -> None:  # type: ignore[no-untyped-def]
    tiny = load_config(write("seed: 0"))
    other = load_config(write("model: {name: some/model}\ntraining: {sft: {learning_rate: 0.3}}"))
    assert tiny.training.ppo.learning_rate == 1e-3
    assert other.training.ppo.learning_rate == 1e-5
    assert other.training.orpo.learning_rate == 1e-5
    assert other.training.sft.learning_rate == 0.3
