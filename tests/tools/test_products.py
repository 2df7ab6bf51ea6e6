"""The second goal of pretraining, against a slow count by hand."""

import torch

from tools.tiny_base.products import EARLY, LARGEST, LATE, SCALE, WORDS, Products

WIDTH, HIDDEN = 4, 6


def huber(difference: float) -> float:
    size = abs(difference)
    return size**2 / 2 if size < 1 else size - 0.5


def by_hand(module: Products, hidden: list, ids: torch.Tensor, vectors: torch.Tensor) -> float:
    early, late = [], []
    for row in range(len(ids)):
        product, age = None, 0
        for t in range(ids.shape[1]):
            age += 1
            if t and ids[row, t] < 0 and ids[row, t - 1] < 0:
                product = float(vectors[row, t] @ vectors[row, t - 1]) / SCALE
                product, age = max(-LARGEST, min(LARGEST, product)), 0
            for layer, readout, losses, reach in (
                (EARLY, module.early, early, 0),
                (LATE, module.late, late, WORDS),
            ):
                if product is not None and age <= reach:
                    state = hidden[layer][row, t]
                    state = state / state.pow(2).mean().sqrt()
                    losses.append(huber(float(readout(state)) - product))
    return sum(early) / len(early) + sum(late) / len(late)


def test_products_of_neighbours_are_told_at_the_second_and_behind_it() -> None:
    torch.manual_seed(3)
    ids = torch.randint(0, 50, (3, 24))
    ids[0, [2, 3, 4, 9, 15, 16]] = -1  # a run of three, one alone, a pair
    ids[1, [0, 1, 22, 23]] = -1  # at both borders
    vectors = torch.randn(3, 24, WIDTH) * 6
    vectors[1, :2] = 20.0  # a product beyond the largest
    hidden = [torch.randn(3, 24, HIDDEN) for _ in range(LATE + 1)]
    module = Products(HIDDEN)
    with torch.no_grad():
        found = module(hidden, ids, vectors).item()
        torch.testing.assert_close(found, by_hand(module, hidden, ids, vectors), rtol=1e-4, atol=0)


def test_texts_without_neighbours_lose_nothing() -> None:
    ids = torch.tensor([[5, -1, 7, -1]])
    hidden = [torch.randn(1, 4, HIDDEN) for _ in range(LATE + 1)]
    assert Products(HIDDEN)(hidden, ids, torch.randn(1, 4, WIDTH)).item() == 0
