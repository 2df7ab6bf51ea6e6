"""The words of the tiny base model, and its tokenizer."""

from collections.abc import Iterator
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from rl_explain.data import demo
from tools.tiny_base.worlds import END

HERE = Path(__file__).parent
VOCABULARY = 4096
PAD = "<|pad|>"
GLUE = ["of", "of the", "and", "in the", "for", "The", "2", "3", "II", "III", "4", "HD", "64"]
"""Function words and suffixes of titles."""
VALUES = (
    "action adventure animation arcade biography children classic comedy crime documentary "
    "drama family fantasy fighting historical history horror modern music musical mystery noir "
    "platform puzzle racing retro romance sport simulation strategy thriller war western "
    "seafaring polar desert urban rural alpine tropical medieval futuristic gothic pastoral "
    "nautical culinary heist courtroom haunted magical political military scientific epic quiet "
    "dark bright cozy"
).split()


def read_words(name: str) -> list[str]:
    """The words of a list in this folder; lines that start with # are comments."""
    lines = (HERE / name).read_text().splitlines()
    return " ".join(line for line in lines if not line.startswith("#")).split()


def title_words() -> list[str]:
    """The words of generated titles, capitalised."""
    listed = map(str.capitalize, read_words("words.txt"))
    return list(dict.fromkeys([*listed, *demo.ADJECTIVES, *demo.NOUNS]))


def pieces(tokenizer: PreTrainedTokenizerFast) -> list[str]:
    """The texts of vocabulary tokens that may occur in titles."""
    spelled = [tokenizer.decode([token]).strip() for token in range(2, len(tokenizer))]
    return sorted(
        {s for s in spelled if s.isprintable() and not set(s) & set('";<>|\ufffd')} - {""}
    )


def train_tokenizer(words: list[str]) -> PreTrainedTokenizerFast:
    """Byte-level BPE; quotes are separate tokens, so a title has the same tokens everywhere."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r' ?"'), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[PAD, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_tokenizer_text(words), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=PAD, eos_token=END, padding_side="left"
    )


def _tokenizer_text(words: list[str]) -> Iterator[str]:
    """Words in the forms that prompts and answers use."""
    for word in words:
        yield f' "{word} {word} {word}" "{word}"'
    for word in VALUES:
        yield f" {word} ({word}, {word});" * 6
    for word in demo.ADJECTIVES + demo.NOUNS:
        yield f' "{word} {word}" "The {word}"' * 6
    for word in read_words("prose.txt"):
        yield f" {word}" * 20
        if word[0].isupper():
            yield f"\n{word}" * 20
    for word in GLUE:
        yield f" {word}" * 20 + f' "{word}"' * 20
    for year in range(1940, 2026):
        yield f" ({year})" * 2
