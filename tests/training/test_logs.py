"""What sampling leaves in samples.jsonl after a resume."""

import json
from pathlib import Path

from transformers import TrainerControl, TrainerState, TrainingArguments

from rl_explain.training.logs import Rewind


def test_no_sample_of_an_iteration_after_the_checkpoint_stays(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text("".join(f'{{"iteration": {i}}}\n' for i in (1, 2, 3)))
    rewind = Rewind(path, steps=4)
    rewind.on_train_begin(TrainingArguments(), TrainerState(global_step=8), TrainerControl())
    assert [json.loads(line)["iteration"] for line in path.read_text().splitlines()] == [1, 2]
