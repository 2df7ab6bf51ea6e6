"""The settings of a judge behind an endpoint; errors name the field, its value and the fix."""

import math
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

TOKEN_FIELDS = ("max_tokens", "max_completion_tokens")
RESERVED = ("messages", "model", "temperature", "seed", "stream", "n", *TOKEN_FIELDS)
"""Parts of a request that have their own field here, or would change how replies are read."""
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")  # keys also have lower-case letters; never show one


@dataclass
class EndpointSettings:
    """Which model to ask, and how. Everything except the key can change the answer."""

    base_url: str = "https://api.openai.com/v1"
    """Address of an OpenAI-compatible API, without `/chat/completions`."""
    model: str = ""
    """Name of the model, as the endpoint calls it."""
    key_variable: str | None = "OPENAI_API_KEY"
    """Environment variable with the API key, the only place for it; null for no key."""
    told_verdict: bool = True
    """Whether the judge is told the recommender's verdict; level 1 then means that the explanation
    gives another one. If not, it judges like a user, who cannot know the verdict."""
    temperature: float | None = 0.0
    """Null leaves it to the endpoint, for models that accept only their default."""
    seed: int | None = 0
    """Seed of the endpoint's sampling; null leaves it out, for endpoints that refuse it."""
    max_tokens: int = 300
    """Most tokens of a reply, including reasoning tokens."""
    token_field: str = "max_tokens"
    """The endpoint's name for that limit: `max_tokens` or `max_completion_tokens`."""
    extra_body: dict[str, Any] = field(default_factory=dict)
    """More fields of the request, such as `{chat_template_kwargs: {enable_thinking: false}}`."""

    def check(self) -> None:
        """Raises `ValueError` for a value that cannot work; never shows one that may be a key."""
        if not self.model:
            raise ValueError("endpoint.model is not set: give the name of a model.")
        address = urlsplit(self.base_url)
        if "@" in address.netloc or address.query:
            raise ValueError(
                "endpoint.base_url contains a user or a query, which may be a secret: leave them "
                "out and put the key into the variable that endpoint.key_variable names."
            )
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ValueError(
                f"endpoint.base_url is {self.base_url!r}: give an http or https address."
            )
        if self.key_variable is not None and not _VARIABLE.fullmatch(self.key_variable):
            raise ValueError(
                "endpoint.key_variable is not a name of an environment variable (not shown: it may "
                "be the key itself): put the key into a variable and give its name, in capitals."
            )
        if self.temperature is not None and not 0 <= self.temperature < math.inf:
            raise ValueError(f"endpoint.temperature is {self.temperature}: give 0 or more.")
        _positive(self, "endpoint", "max_tokens")
        if self.token_field not in TOKEN_FIELDS:
            raise ValueError(
                f"endpoint.token_field is {self.token_field!r}: give {' or '.join(TOKEN_FIELDS)}."
            )
        for name in self.extra_body:
            if name in RESERVED:
                raise ValueError(
                    f"endpoint.extra_body has {name!r}, which is fixed or has its own setting: "
                    "leave it out."
                )

    @property
    def address(self) -> str:
        """Host, port and path. If any differs, the same model name can mean another model."""
        url = urlsplit(self.base_url)
        port = f":{url.port}" if url.port else ""
        return f"{url.hostname}{port}{url.path.rstrip('/')}"


@dataclass
class RetrySettings:
    """How calls are sent and retried."""

    concurrency: int = 16
    """Most calls in flight at once, in each process."""
    timeout: float = 60.0
    """Seconds that one call may take."""
    attempts: int = 8
    """Calls for one answer before it counts as failed."""
    first_wait: float = 0.5
    """Seconds: the wait after the n-th failure is drawn from 0 to first_wait * 2^(n-1)."""
    longest_wait: float = 60.0
    """Seconds: the upper bound of a drawn wait. A `Retry-After` of the endpoint may be longer."""

    def check(self) -> None:
        """Raises `ValueError` for a value that is not above 0."""
        _positive(self, "retry", "concurrency", "timeout", "attempts", "first_wait", "longest_wait")


@dataclass
class BudgetSettings:
    """What the judge may spend, summed over all runs that share its cache; null is no limit."""

    calls: int | None = None
    """Calls, including failed ones."""
    tokens: int | None = None
    """Tokens of prompts and replies."""
    money: float | None = None
    """In the currency of the prices."""
    price_in: float = 0.0
    """Price of a million prompt tokens."""
    price_out: float = 0.0
    """Price of a million reply tokens."""

    def check(self) -> None:
        """Raises `ValueError` for a limit that is not above 0, or money without prices."""
        _positive(self, "budget", "calls", "tokens", "money")
        for name in ("price_in", "price_out"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"budget.{name} is {getattr(self, name)}: give 0 or more.")
        if self.money is not None and not self.price_in + self.price_out:
            raise ValueError(
                f"budget.money is {self.money}, but no prices are set: set budget.price_in and "
                "budget.price_out, the prices of a million tokens."
            )


@dataclass
class BreakerSettings:
    """What happens when the endpoint stops answering."""

    failures: int = 20
    """Consecutive calls, across all questions. After this many failures all calls wait; after this
    many rejections (status 400, 403, 413, 422), where waiting does not help, the judge stops."""
    pause: float = 15.0
    """Seconds until one call is sent as a probe, and again after each failed probe."""
    give_up: float = 900.0
    """Seconds without an answer after which the judge stops with an error."""

    def check(self) -> None:
        """Raises `ValueError` for a value that is not above 0, or a pause longer than `give_up`."""
        _positive(self, "breaker", "failures", "pause", "give_up")
        if self.pause > self.give_up:
            raise ValueError(
                f"breaker.pause is {self.pause}: give at most breaker.give_up, {self.give_up}."
            )


def _positive(settings: Any, group: str, *names: str) -> None:
    for name in names:
        value = getattr(settings, name)
        if value is not None and not 0 < value < math.inf:
            raise ValueError(f"{group}.{name} is {value}: give a number above 0.")
