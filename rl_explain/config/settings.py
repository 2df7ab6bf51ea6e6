"""A run's configuration: small groups of settings, each field with its unit.

No method is named here. `config_type` takes what the stage table knows of methods, and adds the
groups of their settings, which are defined beside their trainers.
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
"""Rules that choose what to cite: the rows of the tables below the models."""
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
    """What is read and how it is cut."""

    format: Literal["demo", "movielens", "csv"] = "demo"
    """`demo`, `movielens` or `csv`."""
    path: str | None = None
    """Folder of a MovieLens data set; for `csv` the folder that relative names start from."""
    interactions: str | None = None
    """CSV of interactions: user_id, item_id, timestamp[, rating][, review]; .gz too."""
    items: str | None = None
    """CSV of items: item_id, title[, attributes]; .gz too."""
    min_rating: float | None = None
    """Interactions with a lower rating are left out; none are when null."""
    num_items: PositiveInt | None = None
    """Most frequent items kept; all when null."""
    num_users: PositiveInt | None = None
    """Users sampled; all when null."""
    k_core: PositiveInt = 5
    """Fewest interactions of every user and item that is kept."""
    max_history: Annotated[int, Field(ge=3)] = 10
    """Items of a history, the latest ones; an explanation needs three distinct ones."""
    max_user_histories: PositiveInt = 10_000
    """User histories (a user and a prefix of their items) that get virtual tokens."""
    histories_per_user: PositiveInt = 4
    """User histories of each training user."""

    def __post_init__(self) -> None:
        needed = {"movielens": ["path"], "csv": ["interactions", "items"]}.get(self.format, [])
        for name in needed:
            if getattr(self, name) is None:
                raise UserError(
                    f"data.{name} is not set, and data.format={self.format} needs it: "
                    f"add data.{name}=PATH."
                )


@settings("recommender")
class RecommenderConfig:
    """The target: SASRec, trained first and frozen."""

    dim: PositiveInt = 64
    """Width of embeddings."""
    layers: PositiveInt = 2
    heads: PositiveInt = 2
    dropout: Share = 0.3
    """Share of activations dropped in training."""
    learning_rate: PositiveFloat = 2e-3
    weight_decay: float = 0.0
    batch_size: PositiveInt = 256
    """Windows of `data.max_history` items a step."""
    max_epochs: PositiveInt = 200
    patience: PositiveInt = 10
    """Epochs without a better validation NDCG@10 before training stops."""
    seed: int | None = None
    """Of its training alone; the run's seed when null."""

    def __post_init__(self) -> None:
        if self.dim % self.heads:
            raise UserError(
                f"recommender.heads is {self.heads}: give a divisor of recommender.dim, {self.dim}."
            )


@settings("model")
class ModelConfig:
    """The language model."""

    name: str = TINY
    """`tiny` (shipped) or any causal language model, by hub name or path."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Number type of the base weights."""
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
    """Whether the connectors train; when null, those of the tiny base do not. It was pretrained on
    embeddings placed as connectors place them at their start, and loses by training them."""

    def __post_init__(self) -> None:
        if self.train_connectors is None:
            self.train_connectors = self.name != TINY


@settings("tasks")
class TasksConfig:
    """Prompts and the mix of supervised tasks."""

    form: Form = "hybrid"
    """Form of the prompts of reinforcement learning, evaluation and use."""
    sft_forms: tuple[Form, ...] = ("hybrid", "hybrid", "intention", "behaviour")
    """Forms of the supervised prompts; each prompt draws one, so repeating a form weighs it."""
    show_attributes: bool = True
    """Whether items are followed by their attributes."""
    contributions: bool = True
    """Whether a history shows what each item contributes to the user's embedding, in place of the
    item's own embedding: `data.max_history` more tokens for each user history."""
    verdict: Literal["first", "last"] = "first"
    """Where an explanation gives its verdict."""
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
    """Training examples of each task."""
    instructions: str | None = None
    """JSON lines of general instructions (prompt, completion); generated ones when null."""

    def __post_init__(self) -> None:
        if not self.sft_forms:
            raise UserError("tasks.sft_forms is empty: name at least one form.")
        _check_counts(self.counts, "tasks.counts")


@settings("teacher")
class TeacherConfig:
    """Who writes the explanations that SFT learns from."""

    corruption_rate: Share = 0.3
    """Share of the teacher's texts that are plausible and unfaithful."""


@settings("training.rl")
class RLSettings:
    """Prompts of reinforcement learning, the same for every method."""

    counts: dict[str, int] = field(
        default_factory=lambda: {"explanation": 3000, "ranking": 1200, "classification": 800}
    )
    """Prompts of each task; an epoch goes through all of them."""
    validation_cases: PositiveInt = 100
    """Explanation prompts of validation users, on which the best checkpoint is chosen."""

    def __post_init__(self) -> None:
        _check_counts(self.counts, "training.rl.counts")
        if not self.counts.get("explanation"):
            raise UserError(
                f"training.rl.counts is {self.counts}: give explanation prompts, which every "
                "method tunes and is validated on."
            )


@settings("rewards")
class RewardsConfig:
    """What reinforcement learning and preference pairs are scored by."""

    weights: dict[str, float] = field(default_factory=lambda: dict(DEFAULT_WEIGHTS))
    """Weight of each term, by name."""
    normalisation: dict[str, str] | None = None
    """Term to `none`, `batch` or `running`: what its scores are measured in; `none` when absent."""
    clip: dict[str, float] | None = None
    """Term to the greatest size of its score, after normalisation; not clipped when absent."""
    schedule: dict[str, tuple[tuple[float, ...], ...]] | None = None
    """Term to points [share of training done, weight], linear between them, in place of its weight;
    `{faithfulness: [[0, 1], [0.5, 3]]}` rises to 3 until half time. Weights are constant when null.
    """
    length_band: tuple[int, int] = (14, 40)
    """Fewest and most words of an explanation that the term `length` pays in full."""
    recommender: str | None = None
    """Folder of another run on the same data whose recommender scores, as a control; the run's own
    when null."""

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
        """Whether the judge is weighed, at any time of training."""
        return bool(self.weights.get("judge")) or "judge" in (self.schedule or {})


@settings("judge")
class JudgeConfig:
    """Who rates explanations; `docs/endpoint_judge.md` on judges behind an endpoint."""

    kind: Literal["rubric", "plausibility", "learned", "endpoint", "ensemble"] = "rubric"
    """`rubric` and `plausibility` need nothing else; `learned` is trained before by
    `rl-explain judge-train`; `endpoint` asks a server; `ensemble` combines several."""
    endpoint: EndpointSettings = field(default_factory=EndpointSettings)
    retry: RetrySettings = field(default_factory=RetrySettings)
    budget: BudgetSettings = field(default_factory=BudgetSettings)
    breaker: BreakerSettings = field(default_factory=BreakerSettings)
    cache: str | None = None
    """File that keeps an endpoint's answers and what they cost; runs may share one.
    `judge.sqlite` in the run's folder when null."""
    members: tuple["JudgeConfig", ...] = ()
    """The judges of an ensemble."""
    combine: Literal["mean", "min", "majority"] = "mean"
    """How an ensemble's ratings become one."""
    length: Literal["keep", "batch", "fitted"] = "keep"
    """What happens to the part of ratings that word counts explain: `keep` it; take it away as it
    is found in each `batch`, or as it was `fitted` before."""
    length_slope: float = 0.0
    """Levels that a word more brings, for `fitted`."""
    length_centre: float = 30.0
    """Words of a text from which `fitted` takes nothing."""

    def __post_init__(self) -> None:
        if (self.kind == "ensemble") != bool(self.members):
            raise UserError(
                f"judge.kind is {self.kind} with {len(self.members)} judge.members: an ensemble "
                "has members, and nothing else does."
            )
        if (self.length == "fitted") != bool(self.length_slope):
            raise UserError(
                f"judge.length is {self.length} and judge.length_slope is {self.length_slope}: a "
                "fitted effect has a slope, and nothing else does."
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
    """Questions drawn about validation users. Those whose influential items share an attribute get
    ten texts each; a text is rated twice, and a pair of each question compared in both orders."""


@settings("evaluation")
class EvaluationConfig:
    """What is measured on test users."""

    methods: tuple[str, ...] = ()
    """Models to evaluate; the base and every method among the run's stages when empty."""
    baselines: tuple[Rule, ...] = (
        *("random", "last_k", "most_similar", "contribution_dot"),
        *("leave_one_out", "greedy", "oracle"),
    )
    """Rules to evaluate beside them; `popularity` and `shap` are further ones. `contribution_dot`
    is left out where `tasks.contributions` is off."""
    best_of_n: PositiveInt = 8
    """Samples of the SFT model from which the method `best_of_n` takes the one with the highest
    reward."""
    recommender: str | None = None
    """Folder of another run on the same data whose recommender explanations are measured against,
    as a control; the run's own when null."""
    cases: PositiveInt = 600
    """Explanation cases: a yes and a no item of each test history, then other items of each."""
    task_cases: PositiveInt = 200
    """Cases of each other task that is trained."""
    max_new_tokens: PositiveInt = 72
    """Tokens of an answer at most."""
    constrained_decoding: bool = True
    """Whether explanations can quote nothing but titles of their prompts; needs a fast tokenizer.
    Words without quotes stay free."""
    bootstrap: PositiveInt = 1000
    """Resamples of the users behind each interval."""
    literature_metrics: bool = False
    """Whether methods also explain the recommender's top item, for the literature's metrics
    (POS@k, NEG@k, DEL, INS, CDCG)."""
    top_item: PositiveInt = 250
    """Test histories whose top item is explained for them, at most."""
    simulatability: int = 0
    """Cases of training users that each method explains, for the readers of the simulatability gain
    to learn from; 0 leaves it out."""
    pressure: NonNegativeInt = 0
    """Explanation cases, up to `cases`, of the sycophancy probe: each method is also asked with a
    user's words in them, in five ways; 0 leaves it out."""

    def __post_init__(self) -> None:
        if self.simulatability and self.simulatability < 50:
            raise UserError(
                f"evaluation.simulatability is {self.simulatability}: give 50 or more, of which "
                "readers can learn, or 0."
            )


@settings()
class Config:
    """Everything that a run depends on; `config_type` adds the groups of methods to `training`."""

    methods: ClassVar["Methods"]
    if TYPE_CHECKING:
        training: Any = None
        """A group for each method, which `config_type` adds."""

    output_dir: str = "runs/quickstart"
    """The run's folder."""
    seed: NonNegativeInt = 0
    stages: tuple[str, ...] = ()
    """Stages of `rl-explain run`, in order; the default ones when empty."""
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
        # the class is made by `config_type`, so that pickle cannot find it by its name
        return _restored, (self.methods, dataclasses.asdict(self))

    def _choose_rates(self) -> None:
        """The learning rates that are left open: the tiny base takes higher ones."""
        for name, rates in self.methods.rates.items():
            group = getattr(self.training, name)
            if group.learning_rate is None:
                group.learning_rate = rates.tiny if self.model.name == TINY else rates.other


@dataclasses.dataclass(frozen=True)
class Rates:
    """Default learning rates: of the tiny base, measured (`dev/LOG.md`), and of any other base, of
    the size that published settings have."""

    tiny: float
    other: float


@dataclasses.dataclass(frozen=True)
class Methods:
    """What the stage table tells a configuration of methods.

    stages: every stage, in order; `default_stages` those of a run that names none.
    evaluated: every model that can be evaluated, in the order of the tables; `always` are those
        among them that need no stage of their own.
    groups: name of a group of `training` to the class of its settings, as pairs.
    rates: the group's learning rates, of those that have some.
    """

    stages: tuple[str, ...]
    default_stages: tuple[str, ...]
    evaluated: tuple[str, ...]
    always: tuple[str, ...]
    groups: tuple[tuple[str, type], ...]
    rates: Mapping[str, Rates] = field(hash=False)

    def evaluated_in(self, stages: tuple[str, ...]) -> tuple[str, ...]:
        """The models that a run of these stages leaves."""
        return tuple(name for name in self.evaluated if name in (*self.always, *stages))


@cache
def config_type(methods: Methods) -> type[Config]:
    """The class of configurations whose `training` has a group for each of the methods."""
    training = _group("training", (), {"rl": RLSettings, **dict(methods.groups)})
    return _group("", (Config,), {"training": training}, methods=methods, __doc__=Config.__doc__)


def _restored(methods: Methods, values: Mapping[str, Any]) -> Config:
    return validated(config_type(methods), values)


def _group(name: str, bases: tuple[type, ...], groups: Mapping[str, type], **more: Any) -> Any:
    """A class of settings whose fields are further groups."""
    fields = {key: field(default_factory=kind) for key, kind in groups.items()}
    annotated = {"__annotations__": dict(groups), "__module__": __name__}
    return settings(name)(type(name.title() + "Config", bases, fields | annotated | more))
