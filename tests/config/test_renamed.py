"""What version 0.1 wrote is refused, with the name that each key has now."""

import json
from pathlib import Path

import pytest
import yaml

from rl_explain import load_config, load_study
from rl_explain.config.renamed import RENAMED
from rl_explain.errors import UserError
from rl_explain.explainer.explainer import Manifest
from rl_explain.pipeline.run import Run


def nested(key: str) -> dict:
    """A configuration that sets one dotted key."""
    value: object = 1
    for part in reversed(key.split(".")):
        value = {part: value}
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_every_old_key_is_refused_with_its_new_name(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "old.yaml"
    path.write_text(yaml.safe_dump(nested(old)))
    with pytest.raises(UserError, match=f"'{old}' of version 0.1 is now '{new}'"):
        load_config(path)


@pytest.mark.parametrize("new", RENAMED.values())
def test_every_new_key_exists(new: str, tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("seed: 0")
    value: object = load_config(tmp_path / "empty.yaml")
    for part in new.split("."):
        value = getattr(value, part)


def test_an_old_override_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / "new.yaml").write_text("seed: 0")
    with pytest.raises(UserError, match=r"is now 'teacher\.corruption_rate'"):
        load_config(tmp_path / "new.yaml", ["alignment.noise=0"])


def test_an_old_metric_of_a_study_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("output_dir: x\nconfigs: {a: b}\nmetrics: [faithfulness/regret_score]")
    with pytest.raises(UserError, match="is now 'faithfulness/score'"):
        load_study(path)


def test_an_old_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("alignment: {form: hybrid}")
    with pytest.raises(UserError, match="is now 'tasks'"):
        Run.open(tmp_path)


def test_an_old_export_is_refused(tmp_path: Path) -> None:
    (tmp_path / "explainer.json").write_text(json.dumps({"base": "tiny"}))
    with pytest.raises(UserError, match="export again with this version"):
        Manifest.load(tmp_path)
