"""docs/rewards.md: its Python runs, its YAML is valid, its table matches the code."""

import re
from pathlib import Path

import yaml

from reward_models import RANGES, REWARDS, TASKS
from rl_explain import Config
from rl_explain.config.validation import validated

PAGE = (Path(__file__).parents[2] / "docs" / "rewards.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_python_runs_from_top_to_bottom():
    names = {}
    for block in blocks("python"):
        exec(compile(block, "docs/rewards.md", "exec"), names)
    assert len(blocks("python")) >= 4


def test_yaml_is_a_configuration():
    for block in blocks("yaml"):
        config = validated(Config, yaml.safe_load(block))
        assert config.rewards.schedule == {"reasons": ((0, 0), (0.5, 1))}


def test_table_of_terms():
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| (\S+) to (\S+) \| ([^|]+) \|", PAGE, re.MULTILINE)
    assert [name for name, *_ in rows] == list(REWARDS)
    for name, low, high, tasks in rows:
        assert (float(low), float(high)) == RANGES[name]
        assert tuple(tasks.split(", ")) == TASKS[name]
