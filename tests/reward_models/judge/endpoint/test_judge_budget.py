"""Limits are not exceeded."""

import asyncio
from pathlib import Path

import pytest

from reward_models.judge.endpoint.budget import MESSAGE_TOKENS, Budget, BudgetSpentError
from reward_models.judge.endpoint.cache import Cache, Spent
from reward_models.judge.settings import BudgetSettings


def test_cost_of_a_call(tmp_path: Path) -> None:
    """2 million tokens in at 0.5 and 1 million out at 3 cost 4."""
    budget = Budget(BudgetSettings(price_in=0.5, price_out=3), Cache(tmp_path / "c", "m"))
    assert budget.cost(2_000_000, 1_000_000) == Spent(1, 2_000_000, 1_000_000, 4.0)
    most = budget.most(["ab", "é"], reply_tokens=7)
    assert (most.tokens_in, most.tokens_out) == (4 + MESSAGE_TOKENS, 7)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (BudgetSettings(calls=2), r"budget\.calls is 2, 2 are spent"),
        (BudgetSettings(tokens=250), r"budget\.tokens is 250, 200 are spent"),
        (BudgetSettings(money=5e-4, price_in=2, price_out=2), r"budget\.money is 0\.0005"),
    ],
)
def test_a_call_that_may_exceed_the_budget_is_not_sent(
    settings: BudgetSettings, message: str, tmp_path: Path
) -> None:
    async def spend() -> int:
        budget = Budget(settings, Cache(tmp_path / "c", "m"))
        for sent in range(5):
            most = budget.cost(90, 10)
            try:
                await budget.reserve(most)
            except BudgetSpentError as error:
                assert str(tmp_path / "c") in str(error)
                with pytest.raises(BudgetSpentError, match=message):
                    await budget.reserve(most)
                return sent
            await budget.settle(most, most)
        return 5

    assert asyncio.run(spend()) == 2
    assert asyncio.run(spend()) == 0, "spending is stored"


def test_calls_wait_until_others_are_settled(tmp_path: Path) -> None:
    """Two calls of at most 60 tokens do not fit into 100 at once; in sequence they use 80."""

    async def two() -> list[str]:
        budget = Budget(BudgetSettings(tokens=100), Cache(tmp_path / "c", "m"))
        most, actual = budget.cost(50, 10), budget.cost(35, 5)
        events = []

        async def call(name: str) -> None:
            await budget.reserve(most)
            events.append(f"{name} sent")
            await asyncio.sleep(0.001)
            events.append(f"{name} settled")
            await budget.settle(most, actual)

        await asyncio.gather(call("a"), call("b"))
        return events

    assert asyncio.run(two()) == ["a sent", "a settled", "b sent", "b settled"]
    assert Cache(tmp_path / "c", "m").spent().tokens == 80
