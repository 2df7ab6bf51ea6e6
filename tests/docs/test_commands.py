"""Commands on the pages are commands that exist: parsed by the real parsers, with real settings."""

import argparse
import re
import runpy
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from doc_pages import PAGES, ROOT, blocks, commands, inline_code, name

from rl_explain.cli import parser
from rl_explain.pipeline.configuration import load_config
from rl_explain.studies.study import load_study

PLACEHOLDERS = {
    "CONFIG": "configs/quickstart.yaml",
    "STUDY": "configs/studies/trial.yaml",
}
"""What a page leaves open, and a file to check the rest of the command with."""
EXTRAS = re.compile(r"rl_explain\[(\w+)\]")


def all_commands() -> Iterator[tuple[str, list[str]]]:
    for page in PAGES:
        for block in blocks(page, "bash"):
            for words in commands(block):
                yield name(page), words


COMMANDS = list(all_commands())


def of(*programs: str) -> list[tuple[str, list[str]]]:
    return [(page, words) for page, words in COMMANDS if words[0] in programs]


def shown(value: object) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)


def options_of(words: list[str]) -> argparse.Namespace:
    """A command as `rl-explain` reads it; overrides may also follow an option."""
    options, rest = parser().parse_known_args(words)
    assert all("=" in word and not word.startswith("-") for word in rest), rest
    options.overrides = [*getattr(options, "overrides", []), *rest]
    return options


def check_settings(options: argparse.Namespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Overrides are settings of the file that the command names."""
    monkeypatch.chdir(ROOT)
    file = str(getattr(options, "config", getattr(options, "study", "")))
    path = PLACEHOLDERS.get(file, file)
    if hasattr(options, "config"):
        load_config(path, options.overrides)
    elif hasattr(options, "study"):
        study = load_study(path, options.overrides)
        for data, config in study.configs.items():
            load_config(config, list(study.overrides_of(data)))
    else:
        assert not options.overrides


@pytest.mark.parametrize(("page", "words"), of("rl-explain"), ids=shown)
def test_rl_explain_takes_it(page: str, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    options = options_of(words[1:])
    assert callable(options.command)
    check_settings(options, monkeypatch)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_in_sentences_exist(page: Path) -> None:
    (choices,) = (action.choices for action in parser()._actions if action.choices)
    for code in inline_code(page):
        if code.startswith("rl-explain "):
            assert code.split()[1] in choices, code


def script_of(words: list[str]) -> tuple[str, list[str]]:
    """Path of the script that `python` runs, and its arguments."""
    if words[1] == "-m":
        return words[2].replace(".", "/") + ".py", words[3:]
    return words[1], words[2:]


SCRIPTS = sorted({script_of(words)[0] for _, words in of("python")})


@pytest.mark.parametrize("script", SCRIPTS)
def test_python_scripts_answer_help(
    script: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", [script, "--help"])
    monkeypatch.syspath_prepend(str(ROOT))
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ROOT / script), run_name="__main__")
    assert not ended.value.code
    told = capsys.readouterr().out
    for page, words in of("python"):
        named, arguments = script_of(words)
        if named == script:
            options = [word for word in arguments if word.startswith("--")]
            assert all(option in told for option in options), (page, words)


@pytest.mark.parametrize(
    "script", sorted({words[1] for _, words in of("bash", "source") if words[1][0] != "."})
)
def test_shell_scripts_can_be_read(script: str) -> None:
    subprocess.run(["bash", "-n", str(ROOT / script)], check=True)


def test_files_of_commands_exist() -> None:
    for page, words in COMMANDS:
        for word in words:
            if word.startswith(("configs/", "scripts/", "benchmarks/")):
                assert (ROOT / word).exists(), (page, words)


def test_extras_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for page, words in of("pip"):
        for extra in EXTRAS.findall(" ".join(words)):
            assert extra in project["optional-dependencies"], (page, words)


def test_no_other_programs_are_named() -> None:
    known = {"rl-explain", "python", "bash", "source", "pip", "export"}
    assert {words[0] for _, words in COMMANDS} <= known


def test_a_wrong_command_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit):
        options_of(["comparr", "STUDY"])
    with pytest.raises(Exception, match="iteration"):
        check_settings(options_of(["run", "CONFIG", "training.ppo.iteration=3"]), monkeypatch)
    block = "stages='stages=[a, b]'\nrl-explain compare STUDY \"$stages\" \\\n  seeds=[0]  # why"
    assert commands(block) == [["rl-explain", "compare", "STUDY", "stages=[a, b]", "seeds=[0]"]]
