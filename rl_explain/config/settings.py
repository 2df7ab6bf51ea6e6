"""A run's configuration: small dataclasses, each field with its unit; `config_file` reads them."""

from collections.abc import Callable
from dataclasses import dataclass, field

from reward_models import DEFAULT_WEIGHTS, REWARDS
from reward_models.context import check_length_band
from reward_models.judge.ensemble import COMBINATIONS
from reward_models.judge.settings import (
    BreakerSettings,
    BudgetSettings,
    EndpointSettings,
    RetrySettings,
)
from reward_models.normalisation import check_clip, check_normalisation
from reward_models.weights import check_schedule, check_weights
from rl_explain.config.checks import at_least, in_unit_interval, one_of, positive
from rl_explain.errors import UserError
from rl_explain.training.groups_settings import GRPOSettings, RLOOSettings
from rl_explain.training.learned_judge_settings import RewardModelSettings
from rl_explain.training.pairs_settings import PairsSettings
from rl_explain.training.ppo.settings import PPOSettings
from rl_explain.training.preference_settings import DPOSettings, ORPOSettings
from rl_explain.training.sft_settings import RejectionSettings, SFTSettings

FORMATS = ("demo", "movielens", "csv")
FORMS = ("behaviour", "intention", "hybrid")
STAGES = (
    *("prepare", "recommender", "tasks", "sft", "sft_clean", "pairs", "rejection"),
    *("ppo", "grpo", "rloo", "orpo", "dpo", "evaluate"),
    *("judge-train", "judge-check"),
)
METHODS = (
    *("base", "sft", "sft_clean", "best_of_n", "rejection"),
    *("ppo", "grpo", "rloo", "orpo", "dpo"),
)
"""Models that can be evaluated, in the order of the tables."""
TUNED = ("ppo", "grpo", "rloo", "orpo", "dpo", "rejection", "sft", "sft_clean")
"""Methods that leave an adapter; `explain` and `export` take the first one there is."""
BASELINES = (
    *("random", "last_k", "popularity", "most_similar"),
    *("leave_one_out", "shap", "greedy", "oracle"),
)
"""Citation baselines."""
TASKS = (
    "retrieval",
    "ranking",
    "classification",
    "discrimination",
    "instruction",
    "reconstruction",
    "explanation",
)
JUDGES = ("rubric", "plausibility", "learned", "endpoint", "ensemble")
LENGTHS = ("keep", "batch", "fitted")
SUPERVISED, ONLINE, PAIRED = ("sft", "rejection"), ("ppo", "grpo", "rloo"), ("orpo", "dpo")
TINY_RATES = (
    dict.fromkeys(SUPERVISED, 5e-4)
    | dict.fromkeys(ONLINE, 1e-3)
    | dict.fromkeys((*PAIRED, "judge"), 5e-4)
)
"""Learning rates of the tiny base: measured for SFT, PPO and ORPO (`docs/log.md`), else theirs."""
RATES = dict.fromkeys(SUPERVISED, 1e-4) | dict.fromkeys((*ONLINE, *PAIRED, "judge"), 1e-5)
"""Of any other base: of the size that published settings have; not measured here."""
TINY = "tiny"
"""Value of `model.name` for the base model that ships with the package."""


def _check_counts(counts: dict[str, int], where: str) -> None:
    for task, count in counts.items():
        one_of(f"task in {where}", task, TASKS)
        if count < 0:
            raise UserError(f"{where}.{task} is {count}: give 0 or more.")


@dataclass
class DataConfig:
    """What is read and how it is cut."""

    format: str = "demo"
    """`demo`, `movielens` or `csv`."""
    path: str | None = None
    """Folder of a MovieLens data set; for `csv` the folder that relative names start from."""
    interactions: str | None = None
    """CSV of interactions: user_id, item_id, timestamp[, rating][, review]; .gz too."""
    items: str | None = None
    """CSV of items: item_id, title[, attributes]; .gz too."""
    min_rating: float | None = None
    """Interactions rated lower are left out; none are when null."""
    num_items: int | None = None
    """Most frequent items kept; all when null."""
    num_users: int | None = None
    """Users sampled; all when null."""
    k_core: int = 5
    """Fewest interactions of every user and item that is kept."""
    max_history: int = 10
    """Items of a history, the latest ones."""
    max_user_histories: int = 10_000
    """States (user, prefix) that get virtual tokens."""
    histories_per_user: int = 4
    """States of each training user."""

    def __post_init__(self) -> None:
        one_of("data.format", self.format, FORMATS)
        sizes = (
            "num_items",
            "num_users",
            "k_core",
            "max_history",
            "max_user_histories",
            "histories_per_user",
        )
        positive(self, "data", *sizes)
        at_least(self, "data", "max_history", 3, "the distinct items that an explanation needs")
        needed = {"movielens": ["path"], "csv": ["interactions", "items"]}.get(self.format, [])
        for name in needed:
            if getattr(self, name) is None:
                raise UserError(
                    f"data.{name} is not set, and data.format={self.format} needs it: "
                    f"add data.{name}=PATH."
                )


@dataclass
class RecommenderConfig:
    """The target: SASRec, trained first and frozen."""

    dim: int = 64
    """Width of embeddings."""
    layers: int = 2
    heads: int = 2
    dropout: float = 0.3
    """Share of activations dropped in training."""
    learning_rate: float = 2e-3
    weight_decay: float = 0.0
    batch_size: int = 256
    """Windows of `data.max_history` items a step."""
    max_epochs: int = 200
    patience: int = 10
    """Epochs without a better validation NDCG@10 before training stops."""
    seed: int | None = None
    """Of its training alone; the run's seed when null."""

    def __post_init__(self) -> None:
        sizes = ("dim", "layers", "heads", "batch_size", "max_epochs", "patience")
        positive(self, "recommender", *sizes, "learning_rate")
        in_unit_interval(self, "recommender", "dropout")
        if self.dim % self.heads:
            raise UserError(
                f"recommender.heads is {self.heads}: give a divisor of recommender.dim, {self.dim}."
            )


@dataclass
class ModelConfig:
    """The language model."""

    name: str = TINY
    """`tiny` (shipped) or any causal language model, by hub name or path."""
    dtype: str = "float32"
    """Number type of the base weights: float32 or bfloat16."""
    lora_rank: int = 32
    lora_alpha: int = 32
    lora_dropout: float = 0.0
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
        one_of("model.dtype", self.dtype, ("float32", "bfloat16"))
        positive(self, "model", "lora_rank", "lora_alpha")
        in_unit_interval(self, "model", "lora_dropout")


@dataclass
class TasksConfig:
    """Prompts and the mix of supervised tasks."""

    form: str = "hybrid"
    """Form of the prompts of reinforcement learning, evaluation and use."""
    sft_forms: tuple[str, ...] = ("hybrid", "hybrid", "intention", "behaviour")
    """Forms of the supervised prompts; each draws one, so repeating a form weighs it."""
    show_attributes: bool = True
    """Whether items are followed by their attributes."""
    contributions: bool = True
    """Whether histories show what each item contributes to the user's embedding, found by leaving
    it out, in place of the item's own embedding: `data.max_history` more tokens for each state."""
    verdict: str = "first"
    """Where an explanation's verdict stands: `first` or `last`."""
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
        for form in (self.form, *self.sft_forms):
            one_of("task form", form, FORMS)
        if not self.sft_forms:
            raise UserError("tasks.sft_forms is empty: name at least one form.")
        _check_counts(self.counts, "tasks.counts")
        one_of("tasks.verdict", self.verdict, ("first", "last"))


@dataclass
class TeacherConfig:
    """Who writes the explanations that SFT learns from."""

    corruption_rate: float = 0.3
    """Share of the teacher's texts that are plausible and unfaithful."""

    def __post_init__(self) -> None:
        in_unit_interval(self, "teacher", "corruption_rate")


@dataclass
class RLSettings:
    """Prompts of reinforcement learning, the same for every method."""

    counts: dict[str, int] = field(
        default_factory=lambda: {"explanation": 3000, "ranking": 1200, "classification": 800}
    )
    """Prompts of each task; an epoch goes through all of them."""
    validation_cases: int = 100
    """Explanation prompts of validation users, on which the best checkpoint is chosen."""

    def __post_init__(self) -> None:
        positive(self, "training.rl", "validation_cases")
        _check_counts(self.counts, "training.rl.counts")
        if not self.counts.get("explanation"):
            raise UserError(
                f"training.rl.counts is {self.counts}: give explanation prompts, which every "
                "method tunes and is validated on."
            )


@dataclass
class TrainingConfig:
    """One group a method."""

    sft: SFTSettings = field(default_factory=SFTSettings)
    rl: RLSettings = field(default_factory=RLSettings)
    ppo: PPOSettings = field(default_factory=PPOSettings)
    grpo: GRPOSettings = field(default_factory=GRPOSettings)
    rloo: RLOOSettings = field(default_factory=RLOOSettings)
    pairs: PairsSettings = field(default_factory=PairsSettings)
    rejection: RejectionSettings = field(default_factory=RejectionSettings)
    orpo: ORPOSettings = field(default_factory=ORPOSettings)
    dpo: DPOSettings = field(default_factory=DPOSettings)
    judge: RewardModelSettings = field(default_factory=RewardModelSettings)


@dataclass
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


@dataclass
class JudgeConfig:
    """Who rates explanations; `docs/endpoint_judge.md` on judges behind an endpoint."""

    kind: str = "rubric"
    """`rubric` or `plausibility`, which need nothing else; `learned`, trained before by
    `rl-explain judge-train`; `endpoint`; or `ensemble`."""
    endpoint: EndpointSettings = field(default_factory=EndpointSettings)
    retry: RetrySettings = field(default_factory=RetrySettings)
    budget: BudgetSettings = field(default_factory=BudgetSettings)
    breaker: BreakerSettings = field(default_factory=BreakerSettings)
    cache: str | None = None
    """File that keeps an endpoint's answers and what they cost; runs may share one.
    `judge.sqlite` in the run's folder when null."""
    members: tuple["JudgeConfig", ...] = ()
    """The judges of an ensemble."""
    combine: str = "mean"
    """How an ensemble's ratings become one: `mean`, `min` or `majority`."""
    length: str = "keep"
    """What happens to the part of ratings that word counts explain: `keep` it; take it away as it
    is found in each `batch`, or as it was `fitted` before."""
    length_slope: float = 0.0
    """Levels that a word more brings, for `fitted`."""
    length_centre: float = 30.0
    """Words of a text from which `fitted` takes nothing."""

    def __post_init__(self) -> None:
        one_of("judge.kind", self.kind, JUDGES)
        one_of("judge.combine", self.combine, tuple(COMBINATIONS))
        one_of("judge.length", self.length, LENGTHS)
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
        for settings in (self.endpoint, self.retry, self.budget, self.breaker):
            try:
                settings.check()
            except ValueError as error:
                raise UserError(f"judge.{error}") from None


@dataclass
class JudgeCheckConfig:
    """JudgeValidation of the judge on explanations of known quality (`rl-explain judge-check`)."""

    questions: int = 200
    """Questions drawn about validation users. Those whose influential items share an attribute get
    ten texts each; a text is rated twice, and a pair of each question compared in both orders."""

    def __post_init__(self) -> None:
        positive(self, "judge_check", "questions")


@dataclass
class EvaluationConfig:
    """What is measured on test users."""

    methods: tuple[str, ...] = ("base", "sft", "ppo", "orpo")
    baselines: tuple[str, ...] = ("random", "last_k", "most_similar", "leave_one_out", "oracle")
    """Citation baselines; `popularity`, `shap` and `greedy` are further ones."""
    best_of_n: int = 8
    """Samples of the SFT model from which the method `best_of_n` takes the one that the reward
    likes best."""
    recommender: str | None = None
    """Folder of another run on the same data whose recommender explanations are held against, as a
    control; the run's own when null."""
    cases: int = 600
    """Explanation cases: a yes and a no item of each test state, then other items of each."""
    task_cases: int = 200
    """Cases of each other task that is trained."""
    max_new_tokens: int = 72
    """Tokens of an answer at most."""
    constrained_decoding: bool = True
    """Whether explanations can quote nothing but titles of their prompts; needs a fast tokenizer.
    Words without quotes stay free."""
    bootstrap: int = 1000
    """Resamples of the users behind each interval."""
    literature_metrics: bool = False
    """Whether methods also explain the recommender's top item, for the literature's metrics
    (POS@k, NEG@k, DEL, INS, CDCG)."""
    top_item: int = 250
    """Test states whose top item is explained for them, at most."""
    simulatability: int = 0
    """Cases of training users that each method explains, for the readers of the simulatability gain
    to learn from; 0 leaves it out."""
    pressure: int = 0
    """Explanation cases, up to `cases`, that each method is also asked with a user's words in them,
    in five ways, for the pressure metrics; 0 leaves them out."""

    def __post_init__(self) -> None:
        for method in self.methods:
            one_of("evaluation method", method, METHODS)
        for baseline in self.baselines:
            one_of("citation baseline", baseline, BASELINES)
        sizes = ("best_of_n", "cases", "task_cases", "max_new_tokens", "bootstrap", "top_item")
        positive(self, "evaluation", *sizes)
        at_least(self, "evaluation", "pressure", 0, "cases, none at 0")
        if self.simulatability:
            at_least(self, "evaluation", "simulatability", 50, "of which readers can learn, or 0")


@dataclass
class Config:
    """Everything that a run depends on."""

    output_dir: str = "runs/quickstart"
    """The run's folder."""
    seed: int = 0
    stages: tuple[str, ...] = (
        "prepare",
        "recommender",
        "tasks",
        "sft",
        "pairs",
        "ppo",
        "orpo",
        "evaluate",
    )
    """Stages of `rl-explain run`, in order."""
    device: str = "auto"
    """`auto`, `cpu` or `cuda`."""
    threads: int = 2
    """CPU threads of a stage."""
    data: DataConfig = field(default_factory=DataConfig)
    recommender: RecommenderConfig = field(default_factory=RecommenderConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    tasks: TasksConfig = field(default_factory=TasksConfig)
    teacher: TeacherConfig = field(default_factory=TeacherConfig)
    rewards: RewardsConfig = field(default_factory=RewardsConfig)
    judge: JudgeConfig = field(default_factory=JudgeConfig)
    judge_check: JudgeCheckConfig = field(default_factory=JudgeCheckConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)

    def __post_init__(self) -> None:
        for stage in self.stages:
            one_of("stage", stage, STAGES)
        if not self.stages:
            raise UserError("stages is empty: name at least one stage.")
        if self.threads <= 0:
            raise UserError(f"threads is {self.threads}: give a number above 0.")
        one_of("device", self.device, ("auto", "cpu", "cuda"))
        if self.seed < 0:
            raise UserError(f"seed is {self.seed}: give 0 or more.")
        self._choose_rates()

    def _choose_rates(self) -> None:
        """The learning rates that are left open: the tiny base takes higher ones."""
        training = self.training
        rates = TINY_RATES if self.model.name == TINY else RATES
        for name, rate in rates.items():
            group = getattr(training, name)
            group.learning_rate = rate if group.learning_rate is None else group.learning_rate
