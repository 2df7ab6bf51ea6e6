"""Runs in processes of their own: results, failures, deaths, interruptions and what is printed."""

import io
import multiprocessing
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from rl_explain import Config
from rl_explain.errors import UserError
from rl_explain.studies.executors import InProcess, NamedLines, OnRay, Processes, executor_of
from rl_explain.studies.plan import Planned
from rl_explain.studies.runs import Failures, perform
from rl_explain.studies.study import Study


def run(folder: Path, name: str, *needs: str) -> Planned:
    config = Config(output_dir=str(folder / "demo" / name), threads=1)
    return Planned("demo", 0, name, config, ("prepare",), (), needs)


def work(planned: Planned) -> Failures:
    """What a run's name says; a note in its folder tells that it was begun."""
    planned.folder.mkdir(parents=True)
    print(f"threads {os.environ.get('OMP_NUM_THREADS')}", flush=True)
    if planned.variant == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if planned.variant == "sleeps":
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            (planned.folder / "noted").touch()
            raise
    return {"sft": "too cold"} if planned.variant == "fails" else {}


def test_one_after_the_other_as_they_need_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [run(tmp_path, "b", "demo/fails"), run(tmp_path, "fails"), run(tmp_path, "c", "other")]
    outcomes = perform(runs, InProcess(work))
    assert [(o.run.variant, o.failures) for o in outcomes] == [
        ("b", {}), ("fails", {"sft": "too cold"}), ("c", {})
    ]  # fmt: skip
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("==")]
    assert lines.index("== demo/fails failed in sft: too cold") < lines.index("== demo/b (2 of 3)")


def test_a_process_that_dies_takes_no_other_with_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    runs = [run(tmp_path, "dies"), run(tmp_path, "fails"), run(tmp_path, "fine", "demo/dies")]
    outcomes = perform(runs, Processes(work, room=2))
    assert [outcome.failures for outcome in outcomes] == [
        {"": "its process ended with exit status -9."},
        {"sft": "too cold"},
        {},
    ]
    assert "demo/fine: threads 1" in capfd.readouterr().out.splitlines()


def test_an_interruption_ends_what_is_running(tmp_path: Path) -> None:
    class Interrupted(Processes):
        def wait(self) -> list:
            while not (tmp_path / "demo" / "sleeps").exists():
                time.sleep(0.05)
            raise KeyboardInterrupt

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        perform([run(tmp_path, "sleeps")], Interrupted(work, room=1))
    assert time.monotonic() - start < 40  # not the minute that the run would have slept
    assert (tmp_path / "demo" / "sleeps" / "noted").exists()


def study_of_one_run(folder: Path) -> None:
    perform([run(folder, "sleeps")], Processes(work, room=1))


def test_a_run_ends_when_its_study_is_killed(tmp_path: Path) -> None:
    study = multiprocessing.get_context("spawn").Process(target=study_of_one_run, args=(tmp_path,))
    study.start()
    noted = tmp_path / "demo" / "sleeps" / "noted"
    until = time.monotonic() + 40  # the run would sleep for a minute
    while not noted.parent.exists() and time.monotonic() < until:
        time.sleep(0.05)
    study.kill()
    while not noted.exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert noted.exists()


def test_lines_are_whole_and_named() -> None:
    stream = io.StringIO()
    lines = NamedLines("demo/seed_0", stream)
    for text in ("one ", "line\n10%", "\r90%\r100%\n", "unfinished"):
        lines.write(text)
    assert stream.getvalue() == "demo/seed_0: one line\ndemo/seed_0: 100%\n"
    lines.close()  # logging handlers close their streams at exit
    assert not stream.closed


def test_without_ray_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    study = Study("out", {"demo": "x"}, executor="ray")
    with pytest.raises(UserError, match=r"pip install 'rl_explain\[ray\]'"):
        executor_of(study, work)


def test_runs_on_ray(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    runs = [run(tmp_path, "fails"), run(tmp_path, "fine", "demo/fails")]
    outcomes = perform(runs, OnRay(work))
    assert [outcome.failures for outcome in outcomes] == [{"sft": "too cold"}, {}]


def test_the_number_of_processes_chooses(tmp_path: Path) -> None:
    study = Study("out", {"demo": "x"})
    assert isinstance(executor_of(study, work), InProcess)
    assert isinstance(executor_of(replace(study, processes=2), work), Processes)
