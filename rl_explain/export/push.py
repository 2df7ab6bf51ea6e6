"""Uploads an export to a model hub repository."""

import os
from pathlib import Path

from huggingface_hub import HfApi
from huggingface_hub.errors import HFValidationError, HTTPError

from rl_explain.errors import UserError
from rl_explain.explainer.checksums import verify_checksums

TOKEN = "HF_TOKEN"
ENDPOINT = "HF_ENDPOINT"
"""Environment variables: the access token, and the hub's address (default: the public hub)."""


def push(folder: Path, repo: str) -> str:
    """Upload all files of an export; return the address of the (last) commit.

    A missing repository is created as private.

    Args:
        folder: the export's folder.
        repo: `NAME` or `OWNER/NAME`.

    Raises:
        UserError: `HF_TOKEN` is not set, the export is damaged, the name is invalid, or the hub
            refuses the upload or cannot be reached.
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
    """The hub's access token from the environment.

    Raises:
        UserError: it is not set.
    """
    found = os.environ.get(TOKEN)
    if not found:
        raise UserError(f"{TOKEN} is not set: set it to the hub's access token.")
    return found
