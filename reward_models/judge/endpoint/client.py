"""One call to an OpenAI-compatible endpoint: a reply, or why there is none."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from openai import APIConnectionError, APIError, APIStatusError, AsyncOpenAI

from reward_models.judge.endpoint.messages import Message
from reward_models.judge.settings import EndpointSettings
from reward_models.judge.types import JudgeError

RETRIED = (408, 409, 429)
"""Statuses that may pass, so the call is retried; 500 and above as well."""
REFUSED = (401, 402, 404)
"""Statuses that every call would get: no valid key, no credit, no such model. Not 403, which some
endpoints return for a single text."""
ANSWER_LOST = (502, 504, 524)
"""Statuses of a gateway that got no answer from the model, which may still have worked."""
SHOWN = 300
"""Most characters of an endpoint's message in errors and logs."""

Tokens: TypeAlias = tuple[int, int]
"""Tokens of a prompt and of its reply, as counted by the endpoint."""


@dataclass(frozen=True)
class Reply:
    """The result of a call; tokens are `None` if the endpoint did not count them."""

    text: str
    tokens: Tokens | None


class EndpointRefusedError(JudgeError):
    """The endpoint refuses every call: key, model, address or a setting is wrong."""


class CallFailedError(Exception):
    """A call returned no reply.

    Args:
        passes: whether the cause is temporary, so that another call can succeed.
        retry_after: the endpoint's `Retry-After` header.
        billed: whether the endpoint may have processed the call and bill it.
        tokens: the endpoint's count, if it sent one.
    """

    def __init__(
        self,
        why: str,
        *,
        passes: bool,
        retry_after: str | None = None,
        billed: bool = False,
        tokens: Tokens | None = None,
    ) -> None:
        super().__init__(why)
        self.passes, self.retry_after = passes, retry_after
        self.billed, self.tokens = billed, tokens


class Client:
    """Sends messages, each once: openai's own retries are off.

    Raises:
        ValueError: the environment variable for the key is not set.
    """

    def __init__(self, settings: EndpointSettings, timeout: float) -> None:
        self._settings, self._timeout = settings, timeout
        self._key = _read_key(settings.key_variable)
        self._api = AsyncOpenAI(
            # A placeholder for no key: otherwise openai uses one that it finds by itself.
            api_key=self._key or "none",
            base_url=settings.base_url,
            max_retries=0,
            timeout=None,
        )

    def request(self, messages: Sequence[Message]) -> dict[str, Any]:
        """All fields of the request; each can change the answer."""
        settings = self._settings
        optional = {"temperature": settings.temperature, "seed": settings.seed}
        return {
            "model": settings.model,
            "messages": list(messages),
            settings.token_field: settings.max_tokens,
            **{name: value for name, value in optional.items() if value is not None},
            "extra_body": settings.extra_body,
        }

    async def call(self, messages: Sequence[Message]) -> Reply:
        """The endpoint's reply.

        Raises:
            CallFailedError: there is none.
            EndpointRefusedError: the endpoint refuses every call.
        """
        try:
            # openai's timeout applies to each read, so slowly dripping bytes never trigger it.
            async with asyncio.timeout(self._timeout):
                completion = await self._api.chat.completions.create(**self.request(messages))
        except TimeoutError:
            why = f"no reply within {self._timeout:g} s"
            raise CallFailedError(why, passes=True, billed=True) from None
        except APIStatusError as error:
            raise self._failure(error) from None
        except APIConnectionError as error:
            why, sent = self._said(error.__cause__ or error), not _never_sent(error.__cause__)
            raise CallFailedError(why, passes=True, billed=sent) from None
        except (APIError, ValueError) as error:
            why = f"the reply is not JSON: {self._said(error)}"
            raise CallFailedError(why, passes=True, billed=True) from None
        return _reply(completion)

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()

    def _failure(self, error: APIStatusError) -> Exception:
        status = error.status_code
        why = f"status {status}: {self._said(error)}"
        if status in REFUSED:
            return EndpointRefusedError(
                f"the judge's endpoint {self._settings.base_url} refuses: {why}. Check "
                f"endpoint.base_url, endpoint.model ({self._settings.model!r}) and the key in "
                f"the environment variable of endpoint.key_variable "
                f"({self._settings.key_variable})."
            )
        return CallFailedError(
            why,
            passes=status in RETRIED or status >= 500,
            retry_after=error.response.headers.get("retry-after"),
            billed=status in ANSWER_LOST,
            tokens=_tokens_of_failure(error),
        )

    def _said(self, error: BaseException) -> str:
        """An error's message, without the key if the endpoint repeated it."""
        words = str(error) or type(error).__name__
        return (words.replace(self._key, "***") if self._key else words)[:SHOWN]


def _read_key(variable: str | None) -> str | None:
    if variable is None:
        return None
    key = os.environ.get(variable)
    if not key:
        raise ValueError(
            f"endpoint.key_variable is {variable}, which is not set in the environment: "
            f"export {variable} with the API key, or set it to null for an endpoint without one."
        )
    return key


def _never_sent(cause: BaseException | None) -> bool:
    """Whether no connection was made. By class name: openai supports several HTTP libraries."""
    return type(cause).__name__ in ("ConnectError", "ConnectTimeout", "PoolTimeout")


def _reply(completion: Any) -> Reply:
    """The text and the counts of a completion; openai does not check that they exist.

    A reply that was cut off at its token limit counts as empty: it may quote a rating before its
    own one.
    """
    tokens = _tokens(getattr(completion, "usage", None))
    try:
        choice = completion.choices[0]
        text = choice.message.content
    except (AttributeError, IndexError, TypeError):
        why = "the reply is not a chat completion"
        raise CallFailedError(why, passes=True, billed=True, tokens=tokens) from None
    whole = getattr(choice, "finish_reason", None) != "length"
    return Reply(text if whole and isinstance(text, str) else "", tokens)


def _tokens_of_failure(error: APIStatusError) -> Tokens | None:
    """The token counts in the error's body, if any."""
    with suppress(ValueError):
        body = error.response.json()
        return _tokens(body.get("usage")) if isinstance(body, dict) else None
    return None


def _tokens(usage: object) -> Tokens | None:
    """Both counts, from an openai object or from JSON; `None` unless both are valid."""
    stated = usage if isinstance(usage, Mapping) else getattr(usage, "__dict__", {})
    prompt, reply = stated.get("prompt_tokens"), stated.get("completion_tokens")
    if isinstance(prompt, int) and isinstance(reply, int) and min(prompt, reply) >= 0:
        return prompt, reply
    return None
