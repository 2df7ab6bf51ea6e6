"""`rl-explain export`: folders that say what they are."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from rl_explain.cli import main
from rl_explain.errors import UserError
from rl_explain.explainer.checksums import verify_checksums
from rl_explain.explainer.explainer import Explainer
from rl_explain.export.method import export_method
from rl_explain.export.model_card import model_card
from rl_explain.files import digest
from rl_explain.pipeline.run import Run


@pytest.fixture(scope="module")
def exports(run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out")
    export_method(run_folder, out / "adapter", "sft")
    assert main(["export", str(run_folder), str(out / "merged"), "--merge"]) == 0
    return out


@pytest.mark.parametrize(("form", "method"), [("adapter", "sft"), ("merged", "ppo")])
def test_an_export_says_what_it_was_made_from(
    exports: Path, run_folder: Path, form: str, method: str
) -> None:
    verify_checksums(exports / form)
    facts = json.loads((exports / form / "export.json").read_text())
    manifest = json.loads((run_folder / method / "adapter" / "explainer.json").read_text())
    assert (facts["form"], facts["method"], facts["base"]) == (form, method, manifest["base"])
    assert facts["fingerprints"]["base"] == manifest["base_fingerprint"]
    assert facts["fingerprints"]["adapter"] == digest(run_folder / method / "adapter")
    assert facts["same_texts"] == {"adapter": None, "merged": "7 of 7"}[form]


def test_examples_are_what_the_explainer_says(exports: Path, run_folder: Path) -> None:
    lines = (exports / "merged" / "examples.jsonl").read_text().splitlines()
    examples = [json.loads(line) for line in lines]
    assert "<|user_4|>" in examples[0]["prompt"] and "<|" not in examples[-1]["prompt"]
    code = (
        "import json, sys; from transformers import AutoModelForCausalLM, AutoTokenizer\n"
        "folder, prompt = sys.argv[1:]\n"
        "model = AutoModelForCausalLM.from_pretrained(folder)\n"
        "tokenizer = AutoTokenizer.from_pretrained(folder)\n"
        "chat = [{'role': 'user', 'content': prompt}]\n"
        "batch = tokenizer.apply_chat_template(\n"
        "    chat, add_generation_prompt=True, return_tensors='pt', return_dict=True)\n"
        "ids = model.generate(**batch)[0, batch['input_ids'].shape[1]:]\n"
        "ours = [name for name in sys.modules if name.startswith(('rl_explain', 'reward_'))]\n"
        "text = tokenizer.decode(ids, skip_special_tokens=True).strip()\n"
        "print(json.dumps([text, ours]))"
    )
    command = [sys.executable, "-c", code, str(exports / "merged"), examples[0]["prompt"]]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=exports)
    assert json.loads(answer.stdout) == [examples[0]["completion"], []]


def test_stored_states_are_listed(exports: Path, run_folder: Path) -> None:
    lines = (exports / "merged" / "user_histories.jsonl").read_text().splitlines()
    state = json.loads(lines[2])
    assert (state["token"], state["user_id"]) == ("<|user_2|>", "reader-2")
    titles = Run.open(run_folder).interactions.catalogue.titles
    rows = Run.open(run_folder).user_histories[2].history
    assert state["history"] == [titles[row] for row in rows] and len(lines) == 6


def test_a_merged_export_is_no_adapter(exports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--history", "Iron Tide 1; Amber Gate 2; Iron Tide 4"]
    assert main(["explain", str(exports / "merged"), *words]) == 2
    assert "merged checkpoint" in capsys.readouterr().err


def test_an_earlier_export_gives_way_and_nothing_else(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    export_method(run_folder, out, merge=True)
    export_method(run_folder, out, "sft")
    assert not (out / "model.safetensors").exists()
    Explainer.from_pretrained(out)
    (out / "notes.txt").write_text("mine")
    assert main(["export", str(run_folder), str(out)]) == 2
    assert "notes.txt, which no export wrote" in capsys.readouterr().err
    assert (out / "adapter_model.safetensors").is_file()


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("best_of_n", "unknown method with an adapter 'best_of_n'"),
        ("dpo", r"has no finished adapter of dpo \(available: ppo, sft\)"),
    ],
)
def test_methods_without_an_adapter_are_refused(
    run_folder: Path, tmp_path: Path, method: str, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        export_method(run_folder, tmp_path / "out", method)
    assert not (tmp_path / "out").exists()


def test_the_command_offers_methods_with_an_adapter_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["export", str(tmp_path), str(tmp_path / "out"), "--method", "best_of_n"])
    assert "invalid choice: 'best_of_n'" in capsys.readouterr().err


def metadata(card: str) -> dict[str, object]:
    values: dict[str, object] = yaml.safe_load(card.split("---\n")[1])
    return values


def test_the_card_of_an_adapter(exports: Path) -> None:
    card = (exports / "adapter" / "README.md").read_text()
    assert metadata(card)["library_name"] == "peft" and "base_model" not in metadata(card)
    for said in (
        "Plain `peft` loads the LoRA weights and nothing else",
        "6 users, 12 items, 39 interactions",
        "NDCG@10 on each user's last item is 0.250; ranking by popularity gives 0.125.",
        "supervised fine-tuning",
        "Teacher corruption rate: 30%",
        "| sft | 0.61 [0.52, 0.70] |",
        "| oracle | 0.61 [0.52, 0.70] |",
    ):
        assert said in " ".join(card.split())
    assert "| ppo |" not in card and "faithfulness: 3.0" not in card


def test_the_card_of_a_merged_checkpoint(exports: Path, run_folder: Path) -> None:
    card = (exports / "merged" / "README.md").read_text()
    assert metadata(card)["library_name"] == "transformers"
    first = json.loads((exports / "merged" / "examples.jsonl").read_text().splitlines()[0])
    config = json.loads((exports / "merged" / "generation_config.json").read_text())
    for said in (
        "apply_chat_template",
        first["prompt"].splitlines()[0],
        f"forbid the ids from {config['suppress_tokens'][0]} on",
        "stock `transformers` gave 7 of 7 of them",
        "PPO (Schulman et al. 2017)",
        "faithfulness: 3.0",
        "Teacher corruption rate: 30%",
        "A new history has no token",
    ):
        assert said in " ".join(card.split())


def test_the_card_of_a_control_says_so(make_run: Callable[..., Path], tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    text = (run / "config.yaml").read_text()
    assert text.count("  recommender: null") == 2  # of the rewards and of the evaluation
    (run / "config.yaml").write_text(text.replace("  recommender: null", "  recommender: other"))
    card = model_card(Run.open(run), export_method(run, tmp_path / "out"), tmp_path / "out")
    assert "the reward used a different recommender" in card
    assert "scored against a different recommender" in card


def test_a_run_without_evaluation_has_a_card_too(
    make_run: Callable[..., Path], tmp_path: Path
) -> None:
    run = make_run(tmp_path / "run", ("sft",))
    for path in (run / "evaluate").iterdir():
        path.unlink()
    export_method(run, tmp_path / "out")
    assert "Not evaluated in this run" in (tmp_path / "out" / "README.md").read_text()
