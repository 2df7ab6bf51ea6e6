"""What every trainer's arguments keep to."""

from pathlib import Path

from transformers import TrainingArguments

from rl_explain.training.arguments import shared_arguments
from rl_explain.training.trl_compat import one_device


def test_several_gpus_make_no_batch_larger(tmp_path: Path) -> None:
    arguments = TrainingArguments(**shared_arguments(tmp_path, 8, 1e-3, seed=0, device="cpu"))
    assert arguments.n_gpu == 0  # also fills the number in, which later calls keep
    assert one_device(arguments).train_batch_size == 8
    arguments._n_gpu = 4
    assert arguments.train_batch_size == 32
    assert one_device(arguments).train_batch_size == 8
