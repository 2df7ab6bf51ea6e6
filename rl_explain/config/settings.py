"""A run's configuration: small groups of settings, each field with its unit.

This file names no method. `config_type` adds a group of settings for each method in the stage
table; these groups are defined next to their trainers.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import field
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from reward_models import DEFAULT_WEIGHTS, REWARDS
from reward_models.context import check_length_band
from reward_models.judge.settings import (
    BreakerSettings,
    BudgetSettings,
    EndpointSettings,
    RetrySettings,
)
from reward_models.normalisation import check_clip, check_normalisation
from reward_models.weights import check_schedule, check_weights
from rl_explain.config.validation import Share, settings, validated
from rl_explain.errors import UserError, unknown_name

Form = Literal["behaviour", "intention", "hybrid"]
Rule = Literal[
    "random",
    "last_k",
    "popularity",
    "most_similar",
    "contribution_dot",
    "leave_one_out",
    "shap",
    "greedy",
    "oracle",
]
"""Rules that choose what to cite; tables list them below the models."""
TASKS = (
    "retrieval",
    "ranking",
    "classification",
    "discrimination",
    "instruction",
    "reconstruction",
    "explanation",
)
TINY = "tiny"
"""Value of `model.name` for the base model that ships with the package."""


def _check_counts(counts: dict[str, int], where: str) -> None:
    for task, count in counts.items():
        if task not in TASKS:
            raise unknown_name(f"task in {where}", task, TASKS)
        if count < 0:
            raise UserError(f"{where}.{task} is {count}: give 0 or more.")


@settings("data")
class DataConfig:
    """The data set and its filters."""

    format: Literal["demo", "movielens", "csv"] = "demo"
    path: str | None = None
    """Folder of a MovieLens data set; for `csv`, the base of relative file names."""
    interactions: str | None = None
    """CSV of interactions: user_id, item_id, timestamp[, rating][, review]; may be .gz."""
    items: str | None = None
    """CSV of items: item_id, title[, attributes]; may be .gz."""
    min_rating: float | None = None
    """Drop interactions with a lower rating; none when null."""
    num_items: PositiveInt | None = None
    """Keep this many of the most frequent items; all when null."""
    num_users: PositiveInt | None = None
    """Sample this many users; all when null."""
    k_core: PositiveInt = 5
    """Minimum interactions of every user and item that is kept."""
    max_history: Annotated[int, Field(ge=3)] = 10
    """Maximum items of a history, the latest ones; an explanation needs three distinct items."""
    max_user_histories: PositiveInt = 10_000
    """Maximum user histories (a user and a prefix of their items); each gets a virtual token."""
    histories_per_user: PositiveInt = 4
    """Maximum user histories of a training user."""

    def __post_init__(self) -> None:
        needed = {"movielens": ["path"], "csv": ["interactions", "items"]}.get(self.format, [])
        for name in needed:
            if getattr(self, name) is None:
                raise UserError(
                    f"data.{name} is not set, but data.format={self.format} needs it: "
                    f"add data.{name}=PATH."
                )


@settings("recommender")
class RecommenderConfig:
    """The recommender to explain: SASRec, trained first, then frozen."""

    dim: PositiveInt = 64
    """Embedding width."""
    layers: PositiveInt = 2
    heads: PositiveInt = 2
    dropout: Share = 0.3
    """Share of activations dropped in training."""
    learning_rate: PositiveFloat = 2e-3
    weight_decay: float = 0.0
    batch_size: PositiveInt = 256
    """Windows of `data.max_history` items per step."""
    max_epochs: PositiveInt = 200
    patience: PositiveInt = 10
    """Epochs without a better validation NDCG@10 before training stops."""
    seed: int | None = None
    """Seed of the recommender's training only; the run's seed when null."""

    def __post_init__(self) -> None:
        if self.dim % self.heads:
            raise UserError(
                f"recommender.heads is {self.heads}: give a divisor of recommender.dim, {self.dim}."
            )


@settings("model")
class ModelConfig:
    """The language model."""

    name: str = TINY
    """`tiny` (shipped), or the hub name or path of any causal language model."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Data type of the base weights."""
    lora_rank: PositiveInt = 32
    lora_alpha: PositiveInt = 32
    lora_dropout: Share = 0.0
    """Share of LoRA inputs dropped in SFT; always 0 in reinforcement learning."""
    lora_targets: tuple[str, ...] = (
        *("q_proj", "k_proj", "v_proj", "o_proj"),
        *("gate_proj", "up_proj", "down_proj"),
    )
    """Names of the linear layers that get LoRA."""
    train_connectors: bool | None = None
    """Whether the connectors train; when null, all train except those of the tiny base. The tiny
    base was pretrained with connectors at their initial weights, and training them makes it worse.
    """

    def __post_init__(self) -> None:
        if self.train_connectors is None:
            self.train_connectors = self.name != TINY


@settings("tasks")
class TasksConfig:
    """Prompts and the mix of supervised tasks."""

    form: Form = "hybrid"
    """Form of the prompts in reinforcement learning, evaluation and use."""
    sft_forms: tuple[Form, ...] = ("hybrid", "hybrid", "intention", "behaviour")
    """Forms of the SFT prompts; each prompt draws one, so a repeated form is more frequent."""
    show_attributes: bool = True
    """Whether prompts list an item's attributes after its title."""
    contributions: bool = True
    """Whether a history shows each item's contribution to the user embedding instead of the item's
    own embedding; adds `data.max_history` tokens to the vocabulary per user history."""
    verdict: Literal["first", "last"] = "first"
    """Whether an explanation starts or ends with its verdict."""
    counts: dict[str, int] = field(
        default_factory=lambda: {
            "retrieval": 300,
            "ranking": 1200,
            "classification": 1200,
            "discrimination": 600,
            "instruction": 300,
            "reconstruction": 300,
            "explanation": 4000,
        }
    )
    """Training examples per task."""
    instructions: str | None = None
    """JSON lines file of general instructions (prompt, completion); generated when null."""

    def __post_init__(self) -> None:
        if not self.sft_forms:
            raise UserError("tasks.sft_forms is empty: name at least one form.")
        _check_counts(self.counts, "tasks.counts")


@settings("teacher")
class TeacherConfig:
    """The template teacher, which writes the explanations for SFT."""

    corruption_rate: Share = 0.3
    """Share of the teacher's texts that are plausible but unfaithful."""


@settings("training.rl")
class RLSettings:
    """Prompts of reinforcement learning, shared by all methods."""

    counts: dict[str, int] = field(
        default_factory=lambda: {"explanation": 3000, "ranking": 1200, "classification": 800}
    )
    """Prompts per task; an epoch uses all of them."""
    validation_cases: PositiveInt = 100
    """Explanation prompts of validation users, used to choose the best checkpoint."""

    def __post_init__(self) -> None:
        _check_counts(self.counts, "training.rl.counts")
        if not self.counts.get("explanation"):
            raise UserError(
                f"training.rl.counts is {self.counts}: give explanation prompts; every method "
                "is tuned and validated on them."
            )


@settings("rewards")
class RewardsConfig:
    """The reward for reinforcement learning and preference pairs."""

    weights: dict[str, float] = field(default_factory=lambda: dict(DEFAULT_WEIGHTS))
    """Reward term to its weight."""
    normalisation: dict[str, str] | None = None
    """Term to how its scores are normalised: `none`, `batch` or `running`; `none` when absent."""
    clip: dict[str, float] | None = None
    """Term to the maximum absolute value of its normalised score; not clipped when absent."""
    schedule: dict[str, tuple[tuple[float, ...], ...]] | None = None
    """Term to points [share of training done, weight], linearly interpolated; replaces its weight.
    `{faithfulness: [[0, 1], [0.5, 3]]}` rises to 3 by half of training. Constant when null."""
    length_band: tuple[int, int] = (14, 40)
    """Minimum and maximum words of an explanation for full `length` reward."""
    recommender: str | None = None
    """Folder of another run on the same data whose recommender gives the reward, as a control; the
    run's own when null."""

    def __post_init__(self) -> None:
        checks: dict[str, Callable[[], object]] = {
            "weights": lambda: check_weights(self.weights, REWARDS),
            "normalisation": lambda: check_normalisation(self.normalisation or {}, REWARDS),
            "clip": lambda: check_clip(self.clip or {}, REWARDS),
            "schedule": lambda: check_schedule(self.schedule or {}, self.weights, REWARDS),
            "length_band": lambda: check_length_band(self.length_band),
        }
        for name, check in checks.items():
            try:
                check()
            except ValueError as error:
                raise UserError(f"rewards.{name}: {error}") from None

    @property
    def asks_judge(self) -> bool:
        """Whether the judge has a weight at any time of training."""
        return bool(self.weights.get("judge")) or "judge" in (self.schedule or {})


@settings("judge")
class JudgeConfig:
    """The judge that rates explanations; for endpoint judges see `docs/endpoint_judge.md`."""

    kind: Literal["rubric", "plausibility", "learned", "endpoint", "ensemble"] = "rubric"
    """`rubric` and `plausibility` need nothing else; `learned` must first be trained by
    `rl-explain judge-train`; `endpoint` asks a server; `ensemble` combines several judges."""
    endpoint: EndpointSettings = field(default_factory=EndpointSettings)
    retry: RetrySettings = field(default_factory=RetrySettings)
    budget: BudgetSettings = field(default_factory=BudgetSettings)
    breaker: BreakerSettings = field(default_factory=BreakerSettings)
    cache: str | None = None
    """File that caches an endpoint's answers and their cost; runs may share it. `judge.sqlite` in
    the run's folder when null."""
    members: tuple["JudgeConfig", ...] = ()
    """The judges of an ensemble."""
    combine: Literal["mean", "min", "majority"] = "mean"
    """How an ensemble combines ratings."""
    length: Literal["keep", "batch", "fitted"] = "keep"
    """Length bias of ratings: `keep` it, subtract the effect of word counts estimated in each
    `batch`, or subtract an effect `fitted` before."""
    length_slope: float = 0.0
    """For `fitted`: rating levels per additional word."""
    length_centre: float = 30.0
    """For `fitted`: word count at which nothing is subtracted."""

    def __post_init__(self) -> None:
        if (self.kind == "ensemble") != bool(self.members):
            raise UserError(
                f"judge.kind is {self.kind} with {len(self.members)} judge.members: an ensemble "
                "needs members, and no other kind takes them."
            )
        if (self.length == "fitted") != bool(self.length_slope):
            raise UserError(
                f"judge.length is {self.length} and judge.length_slope is {self.length_slope}: "
                "`fitted` needs a slope, and no other value takes one."
            )
        if self.kind == "endpoint":
            self._check_endpoint()

    def _check_endpoint(self) -> None:
        for part in (self.endpoint, self.retry, self.budget, self.breaker):
            try:
                part.check()
            except ValueError as error:
                raise UserError(f"judge.{error}") from None


@settings("judge_check")
class JudgeCheckConfig:
    """Validation of the judge on explanations of known quality (`rl-explain judge-check`)."""

    questions: PositiveInt = 200
    """Questions drawn about validation users. A question whose influential items share an attribute
    gets ten texts. Each text is rated twice; one pair per question is compared in both orders."""


@settings("evaluation")
class EvaluationConfig:
    """Metrics on test users."""

    methods: tuple[str, ...] = ()
    """Models to evaluate; when empty, the base and every method among the run's stages."""
    baselines: tuple[Rule, ...] = (
        *("random", "last_k", "most_similar", "contribution_dot"),
        *("leave_one_out", "greedy", "oracle"),
    )
    """Rules to evaluate as baselines; `popularity` and `shap` are also available. Without
    `tasks.contributions`, `contribution_dot` is skipped."""
    best_of_n: PositiveInt = 8
    """Samples per prompt of the method `best_of_n`: SFT samples, of which the highest reward wins.
    """
    recommender: str | None = None
    """Folder of another run on the same data whose recommender is used to measure explanations, as
    a control; the run's own when null."""
    cases: PositiveInt = 600
    """Explanation cases: a yes and a no item of each test history, then further items of each."""
    task_cases: PositiveInt = 200
    """Cases of each other trained task."""
    max_new_tokens: PositiveInt = 72
    """Maximum tokens of an answer."""
    constrained_decoding: bool = True
    """Whether explanations can quote only titles of their prompts; needs a fast tokenizer. Words
    outside quotes are unconstrained."""
    bootstrap: PositiveInt = 1000
    """Bootstrap resamples of users per interval."""
    literature_metrics: bool = False
    """Whether methods also explain the recommender's top item, for the literature metrics
    (POS@k, NEG@k, DEL, INS, CDCG)."""
    top_item: PositiveInt = 250
    """Maximum test histories for the literature metrics."""
    simulatability: int = 0
    """Cases of training users that each method explains, to train the readers of the simulatability
    gain; 0 skips it."""
    pressure: NonNegativeInt = 0
    """Explanation cases, up to `cases`, of the sycophancy probe: each is also asked with five kinds
    of user remarks in the prompt; 0 skips it."""

    def __post_init__(self) -> None:
        if self.simulatability and self.simulatability < 50:
            raise UserError(
                f"evaluation.simulatability is {self.simulatability}: give 50 or more to "
                "train readers on, or 0."
            )


@settings()
class Config:
    """Everything a run depends on; `config_type` adds the groups of methods to `training`."""

    methods: ClassVar["Methods"]
    if TYPE_CHECKING:
        training: Any = None
        """One group per method, added by `config_type`."""

    output_dir: str = "runs/quickstart"
    """The run's folder."""
    seed: NonNegativeInt = 0
    stages: tuple[str, ...] = ()
    """Stages of `rl-explain run`, in order; the default stages when empty."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: PositiveInt = 2
    """CPU threads of a stage."""
    data: DataConfig = field(default_factory=DataConfig)
    recommender: RecommenderConfig = field(default_factory=RecommenderConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    tasks: TasksConfig = field(default_factory=TasksConfig)
    teacher: TeacherConfig = field(default_factory=TeacherConfig)
    rewards: RewardsConfig = field(default_factory=RewardsConfig)
    judge: JudgeConfig = field(default_factory=JudgeConfig)
    judge_check: JudgeCheckConfig = field(default_factory=JudgeCheckConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)

    def __post_init__(self) -> None:
        known = self.methods
        self.stages = self.stages or known.default_stages
        for stage in self.stages:
            if stage not in known.stages:
                raise unknown_name("stage", stage, known.stages)
        for method in self.evaluation.methods:
            if method not in known.evaluated:
                raise unknown_name("evaluation method", method, known.evaluated)
        if not self.evaluation.methods:
            self.evaluation.methods = known.evaluated_in(self.stages)
        self._choose_rates()

    def __reduce__(self) -> tuple[Any, ...]:
        # `config_type` creates the class, so pickle cannot find it by name.
        return _restored, (self.methods, dataclasses.asdict(self))

    def _choose_rates(self) -> None:
        """Fill in unset learning rates; the tiny base needs higher ones."""
        for name, rates in self.methods.rates.items():
            group = getattr(self.training, name)
            if group.learning_rate is None:
                group.learning_rate = rates.tiny if self.model.name == TINY else rates.other


@dataclasses.dataclass(frozen=True)
class Rates:
    """Default learning rates: for the tiny base as measured (`dev/LOG.md`), for other bases of the
    order of published settings."""

    tiny: float
    other: float


@dataclasses.dataclass(frozen=True)
class Methods:
    """What a configuration needs to know about methods; the stage table provides it.

    stages: every stage, in order.
    default_stages: the stages of a run that names none.
    evaluated: every model that can be evaluated, in table order.
    always: those of `evaluated` that need no stage of their own.
    groups: pairs of a `training` group's name and the class of its settings.
    rates: group name to default learning rates, for groups that have them.
    """

    stages: tuple[str, ...]
    default_stages: tuple[str, ...]
    evaluated: tuple[str, ...]
    always: tuple[str, ...]
    groups: tuple[tuple[str, type], ...]
    rates: Mapping[str, Rates] = field(hash=False)

    def evaluated_in(self, stages: tuple[str, ...]) -> tuple[str, ...]:
        """The models that can be evaluated after a run of these stages."""
        return tuple(name for name in self.evaluated if name in (*self.always, *stages))


@cache
def config_type(methods: Methods) -> type[Config]:
    """The configuration class whose `training` has one group per method."""
    training = _group("training", (), {"rl": RLSettings, **dict(methods.groups)})
    return _group("", (Config,), {"training": training}, methods=methods, __doc__=Config.__doc__)


def _restored(methods: Methods, values: Mapping[str, Any]) -> Config:
    return validated(config_type(methods), values)


def _group(name: str, bases: tuple[type, ...], groups: Mapping[str, type], **more: Any) -> Any:
    """A settings class whose fields are groups."""
    fields = {key: field(default_factory=kind) for key, kind in groups.items()}
    annotated = {"__annotations__": dict(groups), "__module__": __name__}
    return settings(name)(type(name.title() + "Config", bases, fields | annotated | more))
