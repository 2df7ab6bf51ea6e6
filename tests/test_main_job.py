"""The whole path on a small catalogue: every stage, its files, and use of what it leaves."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rl_explain.cli import main
from rl_explain.errors import UserError
from rl_explain.explainer.constrained_decoding import QUOTED
from rl_explain.explainer.explainer import Explainer
from rl_explain.pipeline.configuration import load_config
from rl_explain.pipeline.run import Run
from rl_explain.tasks.examples import read_examples

COUNTS = {
    "explanation": 40,
    "ranking": 20,
    "classification": 20,
    "discrimination": 10,
    "retrieval": 5,
}
OVERRIDES = [
    "data.format=csv",
    "data.k_core=3",
    "data.max_history=6",
    "recommender.max_epochs=2",
    "recommender.dim=16",
    "tasks.counts=" + json.dumps(COUNTS),
    "training.sft.steps=4",
    "training.sft.batch_size=8",
    "training.pairs.prompts=6",
    "training.pairs.samples=3",
    "training.pairs.margin=0",
    "training.pairs.temperature=1.5",
    "training.pairs.constrained_decoding=true",
    "training.orpo.batch_size=4",
    "training.orpo.epochs=1",
    'training.rl.counts={"explanation": 8, "ranking": 4}',
    "training.rl.validation_cases=4",
    "training.ppo.iterations=2",
    "training.ppo.rollout_batch_size=4",
    "training.ppo.samples_per_prompt=2",
    "training.ppo.minibatch_size=4",
    "training.ppo.micro_batch_size=4",
    "training.ppo.max_new_tokens=64",
    "training.ppo.temperature=1.5",
    "training.ppo.constrained_decoding=true",
    "evaluation.cases=8",
    "evaluation.task_cases=4",
    "evaluation.max_new_tokens=64",
    "evaluation.bootstrap=50",
]


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("job")
    rng = np.random.default_rng(0)
    items = pd.DataFrame({"item_id": range(40), "title": [f"Film {i}" for i in range(40)]})
    items["genre"] = [["noir", "comedy", "drama|war"][i % 3] for i in range(40)]
    items.to_csv(folder / "items.csv", index=False)
    rows = [
        (user, item, time)
        for user in range(60)
        for time, item in enumerate(rng.choice(40, size=10, replace=False))
    ]
    log = pd.DataFrame(rows, columns=["user_id", "item_id", "timestamp"])
    log.to_csv(folder / "log.csv", index=False)
    (folder / "config.yaml").write_text("seed: 1\n")
    status = main(["run", str(folder / "config.yaml"), *_overrides(folder)])
    assert status == 0
    return folder


def _overrides(folder: Path) -> list[str]:
    return [
        *OVERRIDES,
        f"data.items={folder / 'items.csv'}",
        f"data.interactions={folder / 'log.csv'}",
        f"output_dir={folder / 'run'}",
    ]


def test_every_stage_leaves_its_files(run_folder: Path) -> None:
    run = run_folder / "run"
    for stage in ("prepare", "recommender", "tasks", "sft", "pairs", "ppo", "orpo", "evaluate"):
        assert (run / stage / "metrics.json").is_file(), stage
    for stage in ("sft", "ppo", "orpo"):
        assert (run / stage / "adapter" / "adapter_model.safetensors").is_file()
        assert (run / stage / "log.jsonl").read_text()
    for stage in ("pairs", "ppo", "evaluate"):
        sample = json.loads((run / stage / "samples.jsonl").read_text().splitlines()[0])
        assert {"prompt", "completion"} <= sample.keys()
    record = json.loads((run / "record.json").read_text())
    assert {"versions", "commit", "hardware", "seed", "data_fingerprint"} <= record.keys()
    assert set(record["wall_seconds"]) >= {"sft", "ppo", "evaluate"}
    assert load_config(run / "config.yaml").data.max_history == 6
    assert "rl_explain/tiny" not in (run / "ppo" / "adapter" / "adapter_config.json").read_text()
    metrics = json.loads((run / "metrics.json").read_text())
    assert "evaluate/sft/retrieval/hit@5" in metrics
    assert "evaluate/sft/history/hcr" not in metrics  # reconstruction was not trained
    for method in ("base", "sft", "ppo", "orpo", "random", "last_k", "most_similar", "oracle"):
        assert f"evaluate/{method}/faithfulness/score" in metrics
        assert f"evaluate/{method}/explanation/verdict_accuracy/ci_low" in metrics


def test_the_oracle_is_the_best_possible(run_folder: Path) -> None:
    metrics = json.loads((run_folder / "run" / "metrics.json").read_text())
    assert metrics["evaluate/oracle/faithfulness/score"] == pytest.approx(1.0)
    assert metrics["evaluate/oracle/explanation/verdict_accuracy"] == 1.0
    assert metrics["evaluate/random/faithfulness/score"] < 0.9


def test_a_second_call_keeps_what_is_finished(
    run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (run_folder / "run" / "sft" / "adapter" / "adapter_model.safetensors").stat().st_mtime
    assert main(["run", str(run_folder / "config.yaml"), *_overrides(run_folder)]) == 0
    after = (run_folder / "run" / "sft" / "adapter" / "adapter_model.safetensors").stat().st_mtime
    assert before == after
    assert "[sft] finished earlier" in capsys.readouterr().out


def test_other_settings_are_refused_in_the_same_folder(
    run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    overrides = [*_overrides(run_folder), "training.sft.steps=9"]
    assert main(["run", str(run_folder / "config.yaml"), *overrides]) == 2
    assert "other values of training.sft.steps" in capsys.readouterr().err


def test_other_data_in_the_same_files_are_refused(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, overrides = run_folder / "log.csv", _overrides(run_folder)
    whole = log.read_text()
    log.write_text(whole.rsplit("\n", 2)[0] + "\n")
    try:
        assert main(["run", str(run_folder / "config.yaml"), *overrides]) == 2
    finally:
        log.write_text(whole)
    said = capsys.readouterr().err
    assert "prepare was made from other contents of the data files" in said
    assert "delete prepare, recommender, tasks, sft, pairs, ppo, orpo in" in said
    assert main(["run", str(run_folder / "config.yaml"), *overrides]) == 0


def test_another_recommender_below_finished_stages_is_refused(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for stage in ("prepare", "recommender", "tasks", "sft"):
        shutil.copytree(run_folder / "run" / stage, tmp_path / stage)
    shutil.rmtree(tmp_path / "recommender")
    config, overrides = run_folder / "config.yaml", _overrides(run_folder)
    # the same settings, and by chance another recommender: another machine, another library
    overrides += [f"output_dir={tmp_path}"]
    assert main(["recommender", str(config), *overrides]) == 0
    weights = tmp_path / "recommender" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\0")
    assert main(["sft", str(config), *overrides]) == 2
    said = capsys.readouterr().err
    assert "tasks was made from other contents of the stage recommender" in said
    assert "delete tasks, sft in" in said


def test_limits_that_cut_off_what_is_to_be_learnt_are_refused(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for stage in ("prepare", "recommender"):
        shutil.copytree(run_folder / "run" / stage, tmp_path / stage)
    overrides = [*_overrides(run_folder), f"output_dir={tmp_path}"]
    overrides += ["evaluation.max_new_tokens=9"]
    assert main(["tasks", str(run_folder / "config.yaml"), *overrides]) == 2
    said = capsys.readouterr().err
    assert "evaluation.max_new_tokens is 9" in said
    assert "set evaluation.max_new_tokens=" in said and "training.ppo" not in said


def test_a_second_evaluation_that_finds_nothing_new_leaves_the_record(run_folder: Path) -> None:
    record = (run_folder / "run" / "record.json").read_text()
    assert main(["evaluate", str(run_folder / "config.yaml"), *_overrides(run_folder)]) == 0
    assert (run_folder / "run" / "record.json").read_text() == record


def test_dry_run_changes_nothing(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = run_folder / "dry"
    overrides = ["--dry-run", *_overrides(run_folder), f"output_dir={folder}"]
    assert main(["run", str(run_folder / "config.yaml"), *overrides]) == 0
    printed = capsys.readouterr().out
    assert "expected memory" in printed
    assert "ppo" in printed
    assert not folder.exists()


def test_dry_run_misses_a_file_of_the_data(
    run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    overrides = ["--dry-run", *_overrides(run_folder), f"output_dir={run_folder / 'dry'}"]
    overrides += ["data.format=movielens", "data.path=/nope"]
    assert main(["run", str(run_folder / "config.yaml"), *overrides]) == 2
    assert "no file /nope/ratings.csv" in capsys.readouterr().err


def test_a_base_model_that_is_not_there_is_told_before_anything_is_made(
    run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = run_folder / "nameless"
    overrides = [*_overrides(run_folder), "model.name=/nope/model", f"output_dir={folder}"]
    assert main(["run", str(run_folder / "config.yaml"), *overrides]) == 2
    assert "model.name is '/nope/model'" in capsys.readouterr().err
    assert not folder.exists()


def test_an_exported_adapter_gives_the_same_text_in_a_fresh_process(run_folder: Path) -> None:
    out = run_folder / "exported"
    assert main(["export", str(run_folder / "run"), str(out), "--method", "sft"]) == 0
    history = ["Film 1", "Film 5", "Film 9", "Film 2"]
    here = Run.open(run_folder / "run").explainer("sft").explain(history, "Film 7")
    command = [sys.executable, "-m", "rl_explain.cli", "explain", str(out), "--json"]
    command += ["--history", "; ".join(history), "--item", "Film 7"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not answer.stderr  # no bars where nobody watches
    there = json.loads(answer.stdout)
    assert there["text"] == here.text
    assert there["percentile"] == here.percentile


def test_explanations_quote_titles_of_their_prompt(run_folder: Path) -> None:
    run = Run.open(run_folder / "run")
    explainer = run.explainer("sft")
    examples = read_examples(run.stage_folder("tasks") / "validation.jsonl")
    prompts = [example.prompt for example in examples if example.task == "explanation"]
    quoted = {}
    for constrained in (True, False):
        answers = explainer.generate(prompts, constrained=constrained, temperature=2.0)
        quoted[constrained] = [set(QUOTED.findall(answer)) for [answer] in answers]
    shown = [set(QUOTED.findall(prompt)) for prompt in prompts]
    assert any(quoted[True])
    assert all(said <= titles for said, titles in zip(quoted[True], shown, strict=True))
    assert not all(said <= titles for said, titles in zip(quoted[False], shown, strict=True))


def test_constrained_samples_of_pairs_and_ppo_quote_titles_of_their_prompts(
    run_folder: Path,
) -> None:
    for stage in ("pairs", "ppo"):
        lines = (run_folder / "run" / stage / "samples.jsonl").read_text().splitlines()
        rows = [json.loads(line) for line in lines]
        quoted = [(set(QUOTED.findall(row["completion"])), row["prompt"]) for row in rows]
        assert any(said for said, _ in quoted), stage
        assert all(said <= set(QUOTED.findall(prompt)) for said, prompt in quoted), stage


@pytest.mark.parametrize("words", [[], ["--free"]])
def test_texts_are_free_if_asked_for(
    run_folder: Path,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = []
    generate = Explainer.generate

    def listening(self: Explainer, prompts: list[str], **options: Any) -> Any:
        asked.append(options["constrained"])
        return generate(self, prompts, **options)

    monkeypatch.setattr(Explainer, "generate", listening)
    history = ["--history", "Film 1; Film 2; Film 3"]
    assert main(["explain", str(run_folder / "run"), *history, *words]) == 0
    cases = run_folder / "some.csv"
    cases.write_text("history\nFilm 1; Film 2; Film 3\n")
    files = ["--input", str(cases), "--output", str(run_folder / "some.jsonl")]
    assert main(["explain", str(run_folder / "run"), *files, *words]) == 0
    assert asked == [not words] * 2


def test_a_case_gives_the_same_text_alone_and_in_a_batch(run_folder: Path) -> None:
    explainer = Run.open(run_folder / "run").explainer("sft")
    histories = [["Film 1", "Film 2", "Film 3"], ["Film 4", "Film 5", "Film 6", "Film 7"]]
    together = explainer.explain(histories, [None, "Film 9"])
    assert together[0] == explainer.explain(histories[0])
    assert together[1] == explainer.explain(histories[1], "Film 9")


def test_the_default_item_is_none_of_the_titles_given(run_folder: Path) -> None:
    explainer = Run.open(run_folder / "run").explainer("sft")
    recent = [f"Film {i}" for i in range(6)]  # all that the recommender reads
    best = explainer.explain(recent)
    with_it = explainer.explain([best.item, *recent])
    assert with_it.item not in (best.item, *recent)
    assert explainer.explain([best.item, *recent], "Film 9") == explainer.explain(recent, "Film 9")


@pytest.mark.parametrize(
    ("history", "item", "message"),
    [
        (["Film 1", "Film 2", "Filn 33"], None, r'unknown title "Filn 33" .*"Film 33"'),
        ([], None, "has 0 distinct items"),
        (["Film 1", "Film 1", "Film 2"], None, "has 2 distinct items"),
        (["Film 1", "Film 2", "Film 3"], "Nothing", r'unknown title "Nothing" in the item'),
        (["Film 1", "Film 2", "Film 3"], "Film 2", '"Film 2" is in the history'),
    ],
)
def test_bad_histories_are_explained(
    run_folder: Path, history: list[str], item: str | None, message: str
) -> None:
    explainer = Run.open(run_folder / "run").explainer("sft")
    with pytest.raises(UserError, match=message):
        explainer.explain(history, item)


def test_many_cases_from_a_file(run_folder: Path) -> None:
    cases = pd.DataFrame({"history": ["Film 1; Film 2; Film 3"] * 2, "item": ["Film 8", ""]})
    cases.to_csv(run_folder / "cases.csv", index=False)
    out = run_folder / "out.jsonl"
    run = str(run_folder / "run")
    assert (
        main(["explain", run, "--input", str(run_folder / "cases.csv"), "--output", str(out)]) == 0
    )
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert rows[0]["item"] == "Film 8"
    assert len(rows) == 2


@pytest.mark.parametrize(
    ("cases", "message"),
    [
        (None, "cannot be read as CSV"),
        ("", "cannot be read as CSV"),
        ("history,item\n", "has no cases"),
        ("titles\nFilm 1\n", "it needs `history`"),
    ],
)
def test_bad_files_of_cases_are_explained(
    run_folder: Path, capsys: pytest.CaptureFixture[str], cases: str | None, message: str
) -> None:
    path, out = run_folder / "bad.csv", run_folder / "bad.jsonl"
    path.unlink(missing_ok=True)
    if cases is not None:
        path.write_text(cases)
    words = ["explain", str(run_folder / "run"), "--input", str(path), "--output", str(out)]
    assert main(words) == 2
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_a_bad_line_of_a_file_does_not_sink_the_others(
    run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = "Film 1; Film 2; Film 3,Film 8", "Film 1; Film 2; Filn 33,Film 8"
    path, out = run_folder / "some_bad.csv", run_folder / "some_bad.jsonl"
    path.write_text("\n".join(["history,item", bad, good, bad]))
    words = ["explain", str(run_folder / "run"), "--input", str(path), "--output", str(out)]
    assert main(words) == 1
    first, second, third = map(json.loads, out.read_text().splitlines())
    assert list(first) == list(third) == ["error"]
    assert second["item"] == "Film 8"
    told = capsys.readouterr()
    assert [line.split(": unknown")[0] for line in told.err.splitlines() if "unknown" in line] == [
        f"{path}, line 2", f"{path}, line 4"
    ]  # fmt: skip
    assert "1 explanations" in told.out


def test_fewer_reasons_than_were_asked_for_are_told(
    run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["explain", str(run_folder / "run"), "--history", "Film 1; Film 2; Film 3"]
    assert main([*words, "--reasons", "3"]) == 0  # of three items one may be cited
    assert "of 3 reasons asked for" in capsys.readouterr().out


def test_titles_are_listed(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["items", str(run_folder / "run")]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert sorted(listed) == sorted(pd.read_csv(run_folder / "items.csv")["title"])


def test_an_output_without_a_folder_is_refused_before_any_work(
    run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "explain",
        str(run_folder / "run"),
        "--input",
        "x.csv",
        "--output",
        "nowhere/out.jsonl",
    ]
    assert main(words) == 2
    assert "nowhere/out.jsonl, whose folder does not exist" in capsys.readouterr().err


def test_weights_that_score_no_explanation_are_refused(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for stage in ("prepare", "recommender", "tasks", "sft"):
        shutil.copytree(run_folder / "run" / stage, tmp_path / stage)
    (tmp_path / "ranking.yaml").write_text("seed: 1\nrewards: {weights: {ranking: 1}}\n")
    for stage in ("pairs", "ppo"):
        overrides = [*_overrides(run_folder), f"output_dir={tmp_path}"]
        assert main([stage, str(tmp_path / "ranking.yaml"), *overrides]) == 2
        assert "give a term that scores explanations a weight" in capsys.readouterr().err
