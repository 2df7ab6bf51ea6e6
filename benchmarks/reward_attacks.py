"""Rewards of reward-hacking policies compared with honest explanations, as a Markdown table.

python benchmarks/reward_attacks.py          # on a generated demo world: docs/attacks.md
python benchmarks/reward_attacks.py RUN      # on the test cases of a finished run
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from reward_models import REWARDS
from reward_models.attacks import POLICIES
from reward_models.attacks.case import Case
from reward_models.attacks.lists import LISTS, ListCase
from reward_models.composite import Composite
from reward_models.context import RewardContext
from reward_models.judge.plausibility import PlausibilityJudge
from reward_models.judge.rubric import RubricJudge
from reward_models.judge.types import Judge
from reward_models.perturb.effects import Question
from reward_models.ranking import ranking
from reward_models.rating import rating
from reward_models.types import Score
from rl_explain.config.settings import RewardsConfig
from rl_explain.data.dataset import read_dataset
from rl_explain.data.interactions import Interactions
from rl_explain.data.splits import split_users
from rl_explain.errors import UserError
from rl_explain.evaluation.baselines import CitationBaselines, baseline_texts
from rl_explain.pipeline.prepare import held_out_examples
from rl_explain.pipeline.run import Run
from rl_explain.tasks.build import build_examples
from rl_explain.tasks.context import TaskContext
from rl_explain.tasks.examples import Example, columns
from rl_explain.tasks.explanations import explanation_examples
from rl_explain.tasks.prompts import Prompts
from rl_explain.tasks.user_histories import build_user_histories
from rl_explain.teacher.influence import leave_one_out
from rl_explain.teacher.template import Teacher

TEACHER, RANDOM = "honest: the clean teacher", "honest in form: random citations"
HONEST = {TEACHER: ("label", "influence"), RANDOM: ("label",)}
"""What each honest writer knows; policies are compared with these writers."""
INTRODUCTION = """# Attacks

Reward-hacking texts compared with honest explanations. A policy of `reward_models.attacks` seeks
reward without explaining; the honest texts come from the clean template teacher. A policy sees the
prompt, the catalogue and, of the recommender, what the column *knows* lists. The composite uses
the run's weights; for generated data, the default weights. Columns are means over the cases that a
term scores. Terms outside the default composite, and the two offline judges as the term `judge`,
show which attacks each of them resists and which it does not: a text can have perfect form and
explain nothing.

On generated data the recommender is `ItemToItem` of this script, which needs no training. For the
table of a run with its own recommender, use `python benchmarks/reward_attacks.py RUN`.

No policy's mean is above the teacher's median, and no policy that cites by a cheap rule comes
within 0.2 of it (tests). The policies named *right and ...* and *right but ...* know the right
verdict and the most influential titles. Their citations are true; the attack is in the rest of the
text. *right* alone is no attack. Tests show that these reduce the reward: dismissing the titles, a
second verdict, attributes that the titles lack, an invented title in quotes, fewer or more titles
than asked for, reasons for an item that was not asked about or is not named, a title twice in a
sentence, and repeated sentences. The default composite does **not** detect the following and pays
them as much as *right*: meaningless words, praise of the reader, attributes in a denial, and names
without quotes or capitals. None of these earns extra reward, so training does not favour them, and
the KL penalty discourages drifting there. To pay them *less*, add `length` or a judge that reads
prose.

Made by `python benchmarks/reward_attacks.py"""
LISTS_INTRODUCTION = """## Lists

Attacks on ranking questions, scored by the term `ranking`: 1 is the recommender's order, 0 the mean
of random orders. Orders unrelated to the recommender score about 0; answers that are not an order
score far below (tested)."""
TERMS = [name for name in REWARDS if name not in ("ranking", "judge")]
"""Terms that score explanations and need no judge."""
JUDGES: dict[str, Callable[[RewardContext], Judge]] = {
    "judge: rubric": RubricJudge,
    "judge: plausibility": lambda context: PlausibilityJudge(context.titles, context.attributes),
}
"""Constructors of the offline judges."""


class ItemToItem:
    """Item-to-item collaborative filtering (Sarwar et al. 2001), which needs no training.

    score(h)[a] = sum over items i of h of 0.8^t cos(i, a), where i is t steps from the end of h and
    cos compares the items' columns of the user-item matrix.
    """

    max_history, fingerprint = 10, "item-to-item"

    def __init__(self, interactions: Interactions) -> None:
        self.num_items = self.dim = len(interactions.catalogue)
        chosen = np.zeros((len(interactions), self.num_items))
        for user, sequence in enumerate(interactions.sequences):
            chosen[user, list(sequence)] = 1
        chosen /= np.maximum(np.linalg.norm(chosen, axis=0), 1)
        self.likeness = chosen.T @ chosen

    def user_embeddings(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
        """Discounted counts of the items of each history: (B, num_items)."""
        users = np.zeros((len(histories), self.num_items))
        for row, history in enumerate(histories):
            for t, item in enumerate(reversed(history)):
                if item >= 0:
                    users[row, item] += 0.8**t
        return users

    def item_embeddings(self) -> np.ndarray:
        """Cosine similarities of items: (num_items, num_items)."""
        return self.likeness

    def score(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
        """Scores of all items for each history: (B, num_items)."""
        return self.user_embeddings(histories) @ self.likeness


@dataclass(frozen=True)
class World:
    """Explanation and ranking questions with right answers, and the context that scores them."""

    interactions: Interactions
    context: RewardContext
    examples: list[Example]
    weights: Mapping[str, float]
    lists: list[Example]


def demo_world(cases: int, seed: int = 0) -> World:
    """Questions about test users of the demo's generated data, with `ItemToItem` as recommender."""
    interactions, _ = read_dataset("demo", seed=seed)
    catalogue, target = interactions.catalogue, ItemToItem(interactions)
    histories = build_user_histories(
        interactions, split_users(len(interactions), seed), 10, seed=seed
    )
    tasks = TaskContext(catalogue, histories, target, Prompts(catalogue))
    examples = explanation_examples(
        tasks,
        histories.test,
        cases,
        ["behaviour"],
        np.random.default_rng(seed),
        Teacher(catalogue, corruption_rate=0.0, seed=seed),
    )
    context = RewardContext(catalogue.titles, catalogue.attributes, target)
    lists = build_examples(tasks, histories.test, {"ranking": cases}, ["behaviour"], seed)
    return World(interactions, context, examples, RewardsConfig().weights, lists)


def run_world(folder: Path, cases: int) -> World:
    """The test cases, recommender and reward weights of a run."""
    run = Run.open(folder)
    examples = held_out_examples(run)
    explained, ranked = (
        [example for example in examples if example.task == task][:cases]
        for task in ("explanation", "ranking")
    )
    weights = run.config.rewards.weights
    return World(run.interactions, run.reward_context, explained, weights, ranked)


def written(world: World) -> dict[str, list[str]]:
    """The texts of the honest writers and of every policy, one per case."""
    catalogue, target = world.interactions.catalogue, world.context.recommender
    questions = [Question(e.history, e.item, e.label) for e in world.examples]  # type: ignore[arg-type]
    influences = leave_one_out(target, questions)  # type: ignore[arg-type]
    cases = [
        Case(
            *(question.history, question.item, example.reasons or 1, example.prompt),
            *(catalogue.titles, catalogue.attributes, question.label, influence),
        )
        for example, question, influence in zip(world.examples, questions, influences, strict=True)
    ]
    choose = CitationBaselines(target, world.context, world.interactions).choose["random"]  # type: ignore[arg-type]
    honest = {
        TEACHER: [example.completion for example in world.examples],
        RANDOM: baseline_texts(choose, world.examples, catalogue),
    }
    return honest | {name: [policy(c) for c in cases] for name, policy in POLICIES.items()}


def scored(world: World, texts: Sequence[str]) -> dict[str, list[Score]]:
    """Scores of one text per case by every term and judge, and the world's `composite`."""
    rows, context = columns(world.examples), world.context
    terms = Composite(dict.fromkeys(TERMS, 1.0), context)(texts, **rows).terms
    judged = {
        name: rating(texts, context=replace(context, judge=build(context)), **rows)
        for name, build in JUDGES.items()
    }
    return terms | judged | {"composite": Composite(world.weights, context)(texts, **rows).total}


def ranked(world: World) -> dict[str, float]:
    """Mean of the term `ranking` for the right order and for every list attack."""
    rows = columns(world.lists)
    cases = [
        ListCase(world.context.titles, e.history, e.candidates or (), e.prompt) for e in world.lists
    ]
    answers = {"the recommender's order": [example.completion for example in world.lists]}
    answers |= {name: [write(case) for case in cases] for name, write in LISTS.items()}
    context = world.context
    return {
        name: average(ranking(texts, context=context, **rows)) for name, texts in answers.items()
    }


def average(scores: Sequence[Score], how: str = "mean") -> float:
    """Mean or median over the scored completions; NaN if none was scored."""
    known = [score for score in scores if isinstance(score, float)]
    return float(getattr(np, how)(known)) if known else float("nan")


def report(world: World, source: str = "") -> str:
    """The table and the rule of each policy; `source` has the script's arguments."""
    texts = written(world)
    scores = {name: scored(world, own) for name, own in texts.items()}
    bar = average(scores[TEACHER]["composite"], "median")
    names = [*TERMS, *JUDGES, "composite"]
    lines = [
        f"| policy | knows | {' | '.join(names)} |",
        f"|---|---|{'---:|' * len(names)}",
    ]
    for name, own in scores.items():
        knows = ", ".join(POLICIES[name].knows if name in POLICIES else HONEST[name])
        cells = " | ".join(_cell(average(own[term])) for term in names)
        lines.append(f"| {name.replace('_', ' ')} | {knows} | {cells} |")
    rules = [f"- **{name.replace('_', ' ')}**: {policy.rule}" for name, policy in POLICIES.items()]
    cases = f"{len(world.examples)} cases. Median composite of the teacher: {bar:.2f}."
    return "\n".join(
        [f"{INTRODUCTION}{source}`: {cases}", "", *lines, "", *rules, "", *_lists(world)]
    )


def _cell(mean: float) -> str:
    """Two decimals, without negative zero; empty for NaN."""
    return "" if np.isnan(mean) else f"{round(mean, 2) + 0.0:.2f}"


def _lists(world: World) -> list[str]:
    if not world.lists:
        return []
    rules = {name: write.__doc__ or "" for name, write in LISTS.items()}
    rows = [
        f"| {name.replace('_', ' ')} | {rules.get(name, '')} | {_cell(mean)} |"
        for name, mean in ranked(world).items()
    ]
    return [LISTS_INTRODUCTION, "", "| list | | ranking |", "|---|---|---:|", *rows]


def main() -> int:
    """Print the report; return exit code 0, or 1 if there is no run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("run", type=Path, nargs="?", help="a finished run's folder")
    parser.add_argument("--cases", type=int, default=300, help="maximum number of questions")
    options = parser.parse_args()
    try:
        world = run_world(options.run, options.cases) if options.run else demo_world(options.cases)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    print(report(world, f" {options.run}" if options.run else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
