from itertools import pairwise

import numpy as np
import pytest

from rl_explain.recommenders.histories import pad_histories, training_windows


def test_padding_keeps_the_newest_last() -> None:
    padded = pad_histories([(1, 2), (3, -1, 4), (5, 6, 7, 8, 9), (0, -1)], 4, num_items=10)
    assert padded.tolist() == [[-1, -1, 1, 2], [-1, 3, -1, 4], [6, 7, 8, 9], [-1, -1, 0, -1]]


@pytest.mark.parametrize("histories", [[(1,), ()], [(1,), (-1, -1)], [(1,), (3, -1, -1)]])
def test_histories_that_show_nothing_are_refused(histories: list[tuple[int, ...]]) -> None:
    with pytest.raises(ValueError, match="history 1 has no visible item"):
        pad_histories(histories, 2, num_items=10)


@pytest.mark.parametrize("history", [(10,), (3, -2)])
def test_rows_outside_the_catalogue_are_refused(history: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"outside -1\.\.9"):
        pad_histories([history], 4, num_items=10)


@pytest.mark.parametrize("seed", range(5))
def test_windows_ask_every_step_once_after_its_own_past(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sequences = [
        tuple((100 * user + np.arange(length)).tolist())
        for user, length in enumerate(rng.integers(1, 30, size=20))
    ]
    inputs, targets = training_windows(sequences, 7, rng)
    steps = []
    for ids, goals in zip(inputs.tolist(), targets.tolist(), strict=True):
        window = [(a, b) for a, b in zip(ids, goals, strict=True) if b >= 0]
        assert window and ids[len(ids) - len(window) :] == [a for a, _ in window]
        assert [a for a, _ in window] == list(range(window[0][0], window[0][0] + len(window)))
        steps += window
    expected = [step for s in sequences for step in pairwise(s)]
    assert sorted(steps) == expected


def test_windows_are_cut_elsewhere_each_time() -> None:
    rng = np.random.default_rng(0)
    sequences = [tuple(range(50))] * 10
    first, second = (training_windows(sequences, 10, rng)[0].tolist() for _ in range(2))
    assert first != second


def test_sequences_without_a_step_give_no_windows() -> None:
    inputs, targets = training_windows([(3,), (4,)], 5, np.random.default_rng(0))
    assert inputs.shape == targets.shape == (0, 5)
