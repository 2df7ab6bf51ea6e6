"""The names of virtual tokens in prompts.

`<|item_345|>` is item 345, `<|user_12|>` user history 12, `<|user_12_0|>` the contribution of that
history's oldest item, and `<|slot_3|>` a scratch slot for a new history. `explainer.virtual_tokens`
adds them to a language model.
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
    """The virtual token of an item's contribution to a user embedding.

    Args:
        user: the virtual token of the user history or slot.
        place: index of the item in the history, 0 for the oldest.
    """
    return f"{user.removesuffix('|>')}_{place}|>"
