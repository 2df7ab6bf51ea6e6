"""The real wire format: `transformers serve` with the shipped tiny model.

That model cannot judge: its replies are unreadable and must not become ratings.
"""

import asyncio
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from transformers import AutoTokenizer
from transformers.utils.import_utils import is_serve_available

import rl_explain
from reward_models.judge.endpoint.client import Client
from reward_models.judge.endpoint.messages import Messages
from reward_models.judge.settings import EndpointSettings, RetrySettings
from reward_models.types import FAILED

pytestmark = pytest.mark.skipif(
    not is_serve_available(), reason="transformers serve needs fastapi and uvicorn: install dev"
)
TEMPLATE = (
    "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)
STARTS = 150.0
"""Seconds that the server may take."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with a chat template, which it lacks."""
    folder = tmp_path_factory.mktemp("served") / "tiny"
    shutil.copytree(Path(rl_explain.__file__).parent / "tiny", folder)
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return folder


@pytest.fixture(scope="module")
def url(model: Path) -> Iterator[str]:
    from transformers.cli.serve import Serve

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Serve(
        str(model), device="cpu", host="127.0.0.1", port=port, log_level="error", non_blocking=True
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.kill_server()


def _wait_for(address: str) -> None:
    until = time.monotonic() + STARTS
    while True:
        try:
            urlopen(address, timeout=10).close()
        except OSError:
            assert time.monotonic() < until, "transformers serve did not start"
            time.sleep(0.05)
        else:
            return


def test_a_reply_and_its_tokens_arrive(url: str, model: Path, case: Any) -> None:
    settings = EndpointSettings(
        base_url=url, model=str(model), key_variable=None, max_tokens=8, seed=3
    )
    messages = Messages(["A", "B", "C"], ()).rating(case("Yes.")).messages

    async def call() -> Any:
        client = Client(settings, 150)
        replies = [await client.call(messages) for _ in range(2)]
        await client.close()
        return replies

    first, second = asyncio.run(call())
    tokenizer = AutoTokenizer.from_pretrained(model)
    rendered = tokenizer.apply_chat_template(list(messages), add_generation_prompt=True)
    assert first.tokens[0] == len(rendered["input_ids"])
    assert 0 < first.tokens[1] <= 8
    assert first.text == second.text, "temperature 0"


def test_an_unreadable_reply_is_not_a_rating_but_is_charged(
    url: str, model: Path, case: Any, judge_at: Any
) -> None:
    retry = RetrySettings(timeout=150)
    judge = judge_at(url, model=str(model), key_variable=None, max_tokens=4, retry=retry)
    assert judge.rate([case("Yes."), case("No.")]) == [FAILED, FAILED]
    spent = judge.summary()
    assert spent["calls"] == 4, "each was asked again for a readable reply"
    assert spent["tokens_in"] > 1000
    assert 4 <= spent["tokens_out"] <= 16
