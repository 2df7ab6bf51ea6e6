"""A new method is its trainer, its settings and one row of the stage table."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from peft import PeftModel
from pydantic import PositiveFloat
from transformers import PreTrainedTokenizerBase

from rl_explain import export_method
from rl_explain.cli import main
from rl_explain.config.validation import settings
from rl_explain.explainer.explainer import Explainer
from rl_explain.explainer.language_model import save_adapter
from rl_explain.pipeline.run import Metrics, Run
from rl_explain.pipeline.table import STAGES, Kind, Stage
from rl_explain.pipeline.train import tune_from_sft


@settings("training.shrink")
class ShrinkSettings:
    """A method that learns nothing: it multiplies what SFT has learned."""

    factor: PositiveFloat = 0.5


def shrink(run: Run, folder: Path) -> Metrics:
    """Multiply LoRA's second matrices."""

    def tune(model: PeftModel, tokenizer: PreTrainedTokenizerBase) -> Metrics:
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.data *= run.config.training.shrink.factor
        save_adapter(model, folder / "adapter")
        return {"steps": 1.0}

    return tune_from_sft(run, folder, tune)


@pytest.fixture
def toy() -> Iterator[None]:
    STAGES["shrink"] = Stage(
        "shrink",
        Kind.SUPERVISED,
        reads=("tasks", "sft"),
        shaped_by=("training.shrink",),
        function=shrink,
        settings=ShrinkSettings,
        title="SFT, shrunk",
    )
    yield
    del STAGES["shrink"]


def test_a_method_is_trained_evaluated_and_exported_by_one_row(
    toy: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stages = "stages=[prepare,recommender,tasks,sft,shrink,evaluate]"
    small = [
        *("data.num_users=200", "data.num_items=60", "recommender.max_epochs=2"),
        *("tasks.counts={explanation: 40}", "training.sft.steps=2", "training.sft.batch_size=8"),
        *("evaluation.cases=8", "evaluation.bootstrap=20", "evaluation.max_new_tokens=60"),
        *("training.rl.counts={explanation: 8}", "training.rl.validation_cases=4"),
    ]
    config = tmp_path / "config.yaml"
    config.write_text("evaluation: {baselines: [random]}")
    run = tmp_path / "run"
    given = [str(config), *small, stages, "training.shrink.factor=0.25", f"output_dir={run}"]
    assert main(["run", *given, "--dry-run"]) == 0
    assert "shrink" in capsys.readouterr().out
    assert main(["run", *given]) == 0
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["shrink/steps"] == 1
    assert "evaluate/shrink/faithfulness/score" in metrics
    assert "| shrink |" in (run / "report.md").read_text()
    # other settings of the method are noticed, and it can be exported like any other
    assert main(["run", *given, "training.shrink.factor=0.5"]) == 2
    assert "training.shrink.factor" in capsys.readouterr().err
    made = export_method(run, tmp_path / "out")
    assert made.method == "shrink"  # tuned from SFT, so it is preferred to it
    assert "SFT, shrunk" in (tmp_path / "out" / "README.md").read_text()
    explainer = Explainer.from_pretrained(tmp_path / "out")
    titles = explainer.catalogue.titles
    assert explainer.explain(titles[:3], titles[5]).text
    assert main(["shrink", *given]) == 0  # its own command
