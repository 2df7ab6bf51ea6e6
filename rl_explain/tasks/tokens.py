"""The names of virtual tokens, as prompts show them.

`<|item_345|>` is item 345, `<|user_12|>` user history 12, `<|user_12_0|>` what the oldest item of
that history contributes to it, and `<|slot_3|>` a scratch slot, which stands for a history never
seen before. `explainer.virtual_tokens` makes a language model read them.
"""


def item_token(item: int) -> str:
    """The virtual token of an item row."""
    return f"<|item_{item}|>"


def user_token(user_history: int) -> str:
    """The virtual token of a user history."""
    return f"<|user_{user_history}|>"


def slot_token(slot: int) -> str:
    """The virtual token of a scratch slot, 0 to `NUM_SLOTS` - 1."""
    return f"<|slot_{slot}|>"


def contribution_token(user: str, place: int) -> str:
    """The virtual token of what an item contributes to a user.

    Args:
        user: the virtual token of the user history or slot.
        place: of the item in the history, 0 for the oldest.
    """
    return f"{user.removesuffix('|>')}_{place}|>"
