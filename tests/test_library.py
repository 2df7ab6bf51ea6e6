"""The public names, and that importing the package costs nothing."""

import subprocess
import sys

import pytest

import rl_explain

HEAVY = ("torch", "transformers", "trl", "peft", "pandas", "numpy")


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = f"import sys, rl_explain; print([m for m in {HEAVY} if m in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize("name", rl_explain.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    thing = getattr(rl_explain, name)
    assert thing.__name__ == name
    assert thing.__doc__
    assert name in dir(rl_explain)


def test_public_names_are_those_that_can_be_found() -> None:
    assert set(rl_explain.__all__) == set(rl_explain._MODULES)


def test_an_unknown_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'comparer'"):
        rl_explain.comparer  # noqa: B018


def test_public_names_hide_no_module() -> None:
    # `rl_explain.pipeline.run` is a module once anything has imported it: no public name may be
    # one.
    from pkgutil import iter_modules

    assert not {module.name for module in iter_modules(rl_explain.__path__)} & set(
        rl_explain.__all__
    )
