"""Virtual tokens: recommender embeddings that a language model reads but never writes.

Prompts are plain text with the names of `tasks.tokens`: items, user histories, contributions, and
scratch slots for new histories. The model's input embedding looks up ordinary ids in its own table;
for virtual ids it passes `table[row]` through a connector. The output head keeps the base
vocabulary.
"""

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AddedToken, PreTrainedModel, PreTrainedTokenizerBase

from rl_explain.errors import UserError
from rl_explain.explainer.connectors import Connector
from rl_explain.tasks.tokens import contribution_token, item_token, slot_token, user_token

NUM_SLOTS = 64
CONNECTORS = ["item_connector", "user_connector"]
"""Module names of the connectors: every adapter's `modules_to_save`."""


def extend_tokenizer(
    tokenizer: PreTrainedTokenizerBase,
    vocab_size: int,
    num_items: int,
    num_histories: int,
    places: int = 0,
) -> int:
    """Add items, scratch slots and user histories to `tokenizer`, in this order.

    The tokens of its `places` contributions follow each slot and each user history.

    Added tokens get ids from `len(tokenizer)`. In many models this is below `vocab_size`, since
    rows are padded for speed. Filler tokens close that gap, so that every virtual id is at or above
    the rows of the output head and can never be generated.

    Returns:
        The first virtual id, `vocab_size`.

    Raises:
        UserError: the tokenizer has more tokens than the model, or already has virtual tokens.
    """
    if len(tokenizer) > vocab_size:
        raise UserError(
            f"the tokenizer has {len(tokenizer)} tokens but the model only {vocab_size} rows: "
            "use the tokenizer that belongs to the model."
        )
    tokenizer.add_tokens(
        [f"<|filler_{i}|>" for i in range(vocab_size - len(tokenizer))], special_tokens=True
    )
    virtual = [item_token(i) for i in range(num_items)]
    users = [slot_token(i) for i in range(NUM_SLOTS)] + [
        user_token(i) for i in range(num_histories)
    ]
    for user in users:
        virtual += [user, *(contribution_token(user, place) for place in range(places))]
    # lstrip: absorb the space before a virtual token, which would be a separate token.
    tokenizer.add_tokens([AddedToken(token, lstrip=True, special=True) for token in virtual])
    first = tokenizer.convert_tokens_to_ids(virtual[0])
    if first != vocab_size or len(tokenizer) != vocab_size + len(virtual):
        raise UserError(
            f"virtual tokens start at id {first}, not at the model's {vocab_size} rows: "
            "this tokenizer already has some of them; use the base model's tokenizer."
        )
    return vocab_size


class VirtualTokens:
    """Mixin of a model's embedding class, added by `attach`; has the tables and connectors."""

    first_id: int
    frozen_connectors: bool = False
    item_table: Tensor
    user_table: Tensor

    def forward(self, input_ids: Tensor) -> Tensor:
        """(B, T) ids to (B, T, hidden_size) embeddings.

        Both connectors run in every forward pass: skipping them for batches without virtual tokens
        would hang sharded training and leave replicas with unused parameters.
        """
        row = input_ids - self.first_id
        num_items, num_users = len(self.item_table), len(self.user_table)
        base = super().forward(input_ids.masked_fill(row >= 0, 0))  # type: ignore[misc]
        item = self.item_connector(self.item_table[row.clamp(0, num_items - 1)])  # type: ignore[attr-defined]
        user_row = (row - num_items).clamp(0, num_users - 1)
        user = self.user_connector(self.user_table[user_row])  # type: ignore[attr-defined]
        row = row.unsqueeze(-1)
        virtual = torch.where(row < num_items, item, user).to(base.dtype)
        if self.frozen_connectors:
            virtual = virtual.detach()
        return torch.where(row >= 0, virtual, base)


def attach(model: PreTrainedModel, item_table: Tensor, user_table: Tensor) -> None:
    """Add virtual tokens to `model`, in place.

    The embedding module stays the same object; its class becomes a subclass of itself. So weight
    tying, sharding and scaled embeddings keep working.

    Args:
        model: a causal language model without adapters.
        item_table: (num_items, dim) item embeddings, unit root mean square.
        user_table: (num_histories, 1 + places, dim) user embeddings, likewise, each followed by the
            contributions of its history.
    """
    embedding: Any = model.get_input_embeddings()
    norm = getattr(model.config, "virtual_token_norm", None) or _mean_norm(embedding)
    dim = item_table.shape[1]
    kind = type(embedding)
    embedding.__class__ = type(f"Virtual{kind.__name__}", (VirtualTokens, kind), {})
    embedding.first_id = embedding.weight.shape[0]
    embedding.register_buffer("item_table", item_table.float().clone(), persistent=False)
    slots = torch.zeros(NUM_SLOTS, *user_table.shape[1:])
    rows = torch.cat([slots, user_table.float()]).flatten(0, 1)
    embedding.register_buffer("user_table", rows, persistent=False)
    for name in CONNECTORS:
        connector = Connector(dim, embedding.weight.shape[1], norm)
        embedding.add_module(name, connector.to(embedding.weight.device, embedding.weight.dtype))


def fill_slots(model: Any, embeddings: Tensor) -> None:
    """Write up to `NUM_SLOTS` rows of a user table, (n, 1 + places, dim), into the slots."""
    table, rows = model.get_input_embeddings().user_table, embeddings.flatten(0, 1)
    table[: len(rows)] = rows.to(table)


@torch.no_grad()
def _mean_norm(embedding: nn.Embedding) -> float:
    """Mean length of the embedding's output, including its own scaling."""
    weight = embedding.weight
    ids = torch.arange(min(len(weight), 4096), device=weight.device)
    return embedding(ids).float().norm(dim=-1).mean().item()
