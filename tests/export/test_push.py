"""A push to a hub: a stand-in on this machine, which speaks what `huggingface_hub` asks for."""

import base64
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from rl_explain.cli import main
from rl_explain.errors import UserError
from rl_explain.explainer.checksums import replacing
from rl_explain.export.push import push

TOKEN = "hf_stand_in"


class Hub(BaseHTTPRequestHandler):
    """Takes every file as it is, within the commit; remembers who asked for what."""

    created: list[dict[str, Any]]
    files: dict[str, bytes]
    tokens: set[str | None]
    commits: int

    def do_POST(self) -> None:
        body = self._body()
        self.tokens.add(self.headers["Authorization"])
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            self._answer({"error": "who are you?"}, 401)
        elif self.path == "/api/repos/create":
            made = {"url": f"{self._address()}/team/films", "name": "team/films"}
            self._answer(made, 409 if self.created else 200)
            self.created.append(json.loads(body))
        elif self.path == "/api/validate-yaml":
            self._answer({"errors": [], "warnings": []})
        elif self.path == "/api/models/team/films/preupload/main":
            files = [
                {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                for file in json.loads(body)["files"]
            ]
            self._answer({"files": files})
        elif self.path == "/api/models/team/films/commit/main":
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    self.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            type(self).commits += 1
            commit = {"commitUrl": f"{self._address()}/team/films/commit/abc", "commitOid": "abc"}
            self._answer({"success": True, **commit})
        else:
            self._answer({"error": self.path}, 404)

    def do_GET(self) -> None:
        """What is there already; nobody who is let in asks for it."""
        self._answer({"error": self.path}, 401)

    def _address(self) -> str:
        return f"http://{self.headers['Host']}"

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, answer: dict[str, Any], status: int = 200) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    kind = type("Fresh", (Hub,), {"created": [], "files": {}, "tokens": set(), "commits": 0})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    yield kind
    server.shutdown()
    server.server_close()


@pytest.fixture
def small_export(tmp_path: Path) -> Path:
    with replacing(tmp_path / "out") as new:
        (new / "README.md").write_text("---\ntags: [a]\n---\n# Card\n")
        (new / "tokenizer").mkdir()
        (new / "tokenizer" / "tokenizer.json").write_text("{}")
    return tmp_path / "out"


def test_every_file_reaches_a_private_repository(hub: type[Hub], small_export: Path) -> None:
    address = push(small_export, "team/films")
    assert address.endswith("/team/films/commit/abc")
    [created] = hub.created
    assert (created["organization"], created["name"]) == ("team", "films")
    assert created.get("visibility") == "private" or created.get("private") is True
    paths = [p for p in small_export.rglob("*") if p.is_file()]
    expected = {p.relative_to(small_export).as_posix(): p.read_bytes() for p in paths}
    assert hub.files == expected and len(expected) == 3


def test_a_repository_that_is_there_gets_another_commit(hub: type[Hub], small_export: Path) -> None:
    for _ in range(2):
        push(small_export, "team/films")
    assert hub.commits == 2


def test_the_command_exports_and_pushes(
    hub: type[Hub], run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["export", str(run_folder), str(out), "--push", "team/films"]) == 0
    assert (
        hub.files["adapter_model.safetensors"] == (out / "adapter_model.safetensors").read_bytes()
    )
    told = capsys.readouterr()
    assert "commit/abc" in told.out and TOKEN not in told.out + told.err
    assert not any(TOKEN.encode() in data for data in hub.files.values())


def test_the_token_comes_from_the_environment_alone(
    hub: type[Hub], run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    out = tmp_path / "out"
    assert main(["export", str(run_folder), str(out), "--push", "team/films"]) == 2
    assert not hub.tokens and not out.exists()  # told before any work


def test_a_hub_that_refuses_or_is_not_there_is_told(
    hub: type[Hub], small_export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_of_somebody_else")
    with pytest.raises(
        UserError, match=r"push to 'team/films' failed; the export in .* is kept.*401"
    ) as refused:
        push(small_export, "team/films")
    assert "hf_of_somebody_else" not in str(refused.value)
    with pytest.raises(UserError, match="push to 'no/such/name' failed"):
        push(small_export, "no/such/name")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(UserError, match="push to 'team/films' failed"):
        push(small_export, "team/films")


def test_a_damaged_export_is_not_pushed(hub: type[Hub], small_export: Path) -> None:
    (small_export / "README.md").write_text("other")
    with pytest.raises(UserError, match=r"README\.md is not what was exported"):
        push(small_export, "team/films")
    assert not hub.tokens
