"""Who the user tokens of a merged checkpoint stand for."""

import json
from pathlib import Path

from rl_explain.pipeline.run import Run
from rl_explain.tasks.tokens import user_token

USER_HISTORIES = "user_histories.jsonl"


def write_user_histories(run: Run, folder: Path) -> None:
    """Write `user_histories.jsonl`, a line a user history: its token, the user's id, the titles of
    its history."""
    titles, user_ids = run.interactions.catalogue.titles, run.interactions.user_ids
    with (folder / USER_HISTORIES).open("w", encoding="utf-8") as file:
        for place, user_history in enumerate(run.user_histories.histories):
            line = {
                "token": user_token(place),
                "user_id": user_ids[user_history.user],
                "history": [titles[row] for row in user_history.history],
            }
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
