"""Uploads an export to a repository of a model hub."""

import os
from pathlib import Path

from huggingface_hub import HfApi
from huggingface_hub.errors import HFValidationError, HTTPError

from rl_explain.errors import UserError
from rl_explain.explainer.checksums import verify_checksums

TOKEN = "HF_TOKEN"
ENDPOINT = "HF_ENDPOINT"
"""Environment variables: whose repository it is, and which hub; the public one by default."""


def push(folder: Path, repo: str) -> str:
    """Upload an export, all of its files; the address of the commit, the last one if several.

    A repository that is not there is made, and is private.

    Args:
        repo: `NAME`, or `OWNER/NAME`.

    Raises:
        UserError: no `HF_TOKEN`, a damaged export, no such name, or the hub refuses or is not
            reached.
    """
    verify_checksums(folder)
    hub = HfApi(endpoint=os.environ.get(ENDPOINT), token=token())
    try:
        made = hub.create_repo(repo, private=True, exist_ok=True)
        done = hub.upload_folder(
            repo_id=made.repo_id, folder_path=folder, commit_message=f"Export {folder.name}"
        )
    except (HTTPError, HFValidationError, OSError) as error:  # OSError: the hub is offline
        kept = f"the export in {folder} is kept"
        raise UserError(f"the push to {repo!r} failed; {kept}: {error}") from None
    return str(done.commit_url)


def token() -> str:
    """The hub's token, only from the environment; `UserError` if it is not set."""
    found = os.environ.get(TOKEN)
    if not found:
        raise UserError(f"{TOKEN} is not set: give the hub's token in the environment.")
    return found
