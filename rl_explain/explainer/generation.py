"""Generate text: greedy, sampled or by beam search, in batches of similar length."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from peft import PeftModel
from torch import Tensor, nn
from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

from rl_explain.explainer.constrained_decoding import PromptTitles
from rl_explain.explainer.prompt_cache import read_prompts
from rl_explain.progress import track

AllowedTokens = Callable[[int, Tensor], list[int]]

BOS_TEXT = "bos_text"
"""Name of the tokenizer attribute with the BOS token that it would add to every text, or ""."""


class Answer(str):
    """A generated text.

    `ended` is False if it was cut off at the maximum length; `tokens` counts its tokens, including
    the end token.
    """

    ended: bool
    tokens: int

    def __new__(cls, text: str, ended: bool, tokens: int) -> "Answer":
        answer = super().__new__(cls, text)
        answer.ended, answer.tokens = ended, tokens
        return answer

    def __getnewargs__(self) -> tuple[str, bool, int]:  # type: ignore[override]
        """Arguments of `__new__` for copying and pickling."""
        return str(self), self.ended, self.tokens


def format_prompt(tokenizer: PreTrainedTokenizerBase, prompt: str) -> str:
    """Format a prompt for the model: its chat template without thinking, else the prompt as a line.

    Includes the BOS token if the tokenizer would add one: see `add_no_special_tokens`.
    """
    if not tokenizer.chat_template:
        return getattr(tokenizer, BOS_TEXT, "") + prompt + "\n"
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": prompt}],
        tokenize=False,
        add_generation_prompt=True,
        enable_thinking=False,
    )
    return str(text)


def keep_prompt_format(tokenizer: PreTrainedTokenizerBase) -> None:
    """Change the tokenizer's chat template, in place, so that it writes what `format_prompt` does.

    A loaded tokenizer then formats prompts as in training, without this package.
    """
    if tokenizer.chat_template:
        thinking_off = "{%- set enable_thinking = false -%}"
        tokenizer.chat_template = thinking_off + tokenizer.get_chat_template()
    else:
        before = json.dumps(getattr(tokenizer, BOS_TEXT, ""))
        tokenizer.chat_template = f"{{{{ {before} + messages[-1]['content'] + '\\n' }}}}"


def add_no_special_tokens(tokenizer: PreTrainedTokenizerBase) -> None:
    """Stop `tokenizer` from adding special tokens, in place; `format_prompt` writes them.

    Some trainers let a tokenizer add BOS, some do not, and chat templates write it too. With one
    writer, all of them see the same ids.
    """
    whole, plain = tokenizer("a").input_ids, tokenizer("a", add_special_tokens=False).input_ids
    setattr(tokenizer, BOS_TEXT, tokenizer.decode(whole[: whole.index(plain[0])]))
    for name in ("add_bos_token", "add_eos_token"):
        if getattr(tokenizer, name, False):
            setattr(tokenizer, name, False)
    if tokenizer("a").input_ids != tokenizer("a", add_special_tokens=False).input_ids:
        tokenizer.backend_tokenizer.post_processor = None


@contextmanager
def only_settings(model: PreTrainedModel, settings: GenerationConfig) -> Iterator[None]:
    """Context manager: use `settings` without defaults from the model's generation settings."""
    own = model.generation_config
    model.generation_config = settings
    try:
        yield
    finally:
        model.generation_config = own


@torch.no_grad()
def generate(
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    *,
    max_new_tokens: int,
    temperature: float = 0.0,
    num_return_sequences: int = 1,
    num_beams: int = 1,
    batch_size: int = 64,
    seed: int = 0,
    allowed_tokens: AllowedTokens | None = None,
    titles: PromptTitles | None = None,
    description: str = "generate",
) -> list[list[Answer]]:
    """Answers to formatted prompts, `num_return_sequences` per prompt.

    Args:
        temperature: 0 is greedy (or beams, best first); above 0, samples from the untruncated
            distribution, regardless of the model's own generation settings.
        seed: of sampling; the global generator's state is restored.
        allowed_tokens: `prefix_allowed_tokens_fn` of `transformers`, for constrained beams.
        titles: what the answer to each prompt may quote; unconstrained if `None`.

    Raises:
        ValueError: beams with `titles`.
    """
    if titles and num_beams > 1:
        raise ValueError(f"num_beams is {num_beams}: constrained decoding does not support beams.")
    copies = num_return_sequences if temperature > 0 else 1  # beam search repeats prompts itself
    settings = generation_settings(tokenizer, max_new_tokens, temperature)
    settings.update(num_beams=num_beams, num_return_sequences=num_return_sequences // copies)
    model.eval()
    order = sorted(range(len(prompts)), key=lambda i: -len(prompts[i]))
    rows = max(1, batch_size // num_return_sequences)
    batches = [order[start : start + rows] for start in range(0, len(order), rows)]
    new = continuations(
        model,
        tokenizer,
        prompts,
        [[i for i in batch for _ in range(copies)] for batch in batches],
        settings,
        seed=seed,
        shared_prompts=copies > 1,
        titles=titles,
        allowed_tokens=allowed_tokens,
        description=description,
    )
    texts: dict[int, list[Answer]] = {}
    for batch, ids in zip(batches, new, strict=True):
        answers = decode(tokenizer, ids)
        for row, i in enumerate(batch):
            first = row * num_return_sequences
            texts[i] = answers[first : first + num_return_sequences]
    return [texts[i] for i in range(len(prompts))]


def generation_settings(
    tokenizer: PreTrainedTokenizerBase, max_new_tokens: int, temperature: float
) -> GenerationConfig:
    """Greedy at temperature 0, else sampling from the untruncated distribution."""
    sampled = temperature > 0
    return GenerationConfig(
        max_new_tokens=max_new_tokens,
        do_sample=sampled,
        temperature=temperature or None,
        top_k=0 if sampled else None,
        use_cache=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )


@torch.no_grad()
def continuations(
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    batches: Sequence[Sequence[int]],
    settings: GenerationConfig,
    *,
    seed: int,
    shared_prompts: bool = False,
    titles: PromptTitles | None = None,
    allowed_tokens: AllowedTokens | None = None,
    description: str,
) -> list[Tensor]:
    """New token ids (rows, C) for each batch of prompts; C is the longest completion of a batch.

    All generation and sampling uses this function.

    Args:
        batches: indices of prompts that run together; an index may repeat.
        seed: of sampling; the state of the global generators is restored.
        shared_prompts: encode equal prompts of a batch once; the results are the same.
        titles: what the completion of each prompt may quote; unconstrained if `None`.
    """
    base: Any = model.get_base_model() if isinstance(model, PeftModel) else model
    found = []
    with only_settings(base, settings), torch.random.fork_rng():
        torch.manual_seed(seed)
        for rows in track(batches, description, size=len):
            batch = encode(tokenizer, [prompts[i] for i in rows], model)
            width = batch["input_ids"].shape[1]
            ids = base.generate(
                **batch,
                generation_config=settings,
                prefix_allowed_tokens_fn=allowed_tokens,
                logits_processor=[titles.processor(list(rows), width)] if titles else None,
                past_key_values=read_prompts(base, *batch.values()) if shared_prompts else None,
            )
            found.append(ids[:, width:])
    return found


def decode(tokenizer: PreTrainedTokenizerBase, completion_ids: Tensor) -> list[Answer]:
    """The texts of completions (B, C), padded on the right."""
    mask = completion_mask(completion_ids, tokenizer.eos_token_id)
    ended = (completion_ids == tokenizer.eos_token_id).any(1).tolist()
    texts = tokenizer.batch_decode(completion_ids, skip_special_tokens=True)
    parts = zip(texts, ended, mask.sum(1).tolist(), strict=True)
    return [Answer(text.strip(), whole, tokens) for text, whole, tokens in parts]


def completion_mask(completion_ids: Tensor, eos_token_id: int) -> Tensor:
    """(B, C), true up to and including the first end-of-text token."""
    is_end = (completion_ids == eos_token_id).long()
    return is_end.cumsum(1) - is_end == 0


@torch.no_grad()
def answer_logits(
    model: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    answers: Sequence[str],
    batch_size: int = 64,
) -> Tensor:
    """Logits of each answer's first token after each prompt: (prompts, answers)."""
    model.eval()
    ids = [tokenizer.encode(answer, add_special_tokens=False)[0] for answer in answers]
    rows = []
    for start in range(0, len(prompts), batch_size):
        batch = encode(tokenizer, prompts[start : start + batch_size], model)
        rows.append(model(**batch, logits_to_keep=1).logits[:, -1, ids].float().cpu())
    return torch.cat(rows) if rows else torch.zeros(0, len(answers))


def encode(
    tokenizer: PreTrainedTokenizerBase, prompts: Sequence[str], model: nn.Module
) -> dict[str, Tensor]:
    """Left-padded `input_ids` and `attention_mask`, (B, T) each, on the model's device."""
    batch = tokenizer(list(prompts), return_tensors="pt", padding=True, add_special_tokens=False)
    device = next(model.parameters()).device
    return {name: batch[name].to(device) for name in ("input_ids", "attention_mask")}
