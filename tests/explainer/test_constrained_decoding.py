"""Answers that can quote nothing but titles of their prompts, against a plain account of that."""

from codecs import getincrementaldecoder
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from rl_explain.errors import UserError
from rl_explain.explainer.constrained_decoding import QUOTED, TitleConstraint, unpacked
from rl_explain.explainer.generation import generate

TITLES = ["Copper Lantern", "Copper Lantern II", "Café 漢字!", "It's a \\ {trap}", "No"]
PROMPT = "History: " + "; ".join(f'"{title}"' for title in TITLES) + "\n"


@pytest.fixture(scope="module")
def base(random_base: Path) -> Any:
    tokenizer = AutoTokenizer.from_pretrained(random_base)
    return AutoModelForCausalLM.from_pretrained(random_base).eval(), tokenizer


@pytest.fixture
def grammar(base: Any) -> TitleConstraint:
    model, tokenizer = base
    return TitleConstraint(tokenizer, model.config.vocab_size)


def may_begin(text: bytes, titles: list[str]) -> bool:
    """Whether some answer begins with `text`: plain words, then a title in quotes, and so on."""
    try:
        getincrementaldecoder("utf-8")().decode(text)  # may end within a letter
    except UnicodeDecodeError:
        return False
    while b'"' in text:
        text = text[text.index(b'"') + 1 :]
        whole = [t for t in titles if text.startswith(t.encode() + b'"')]
        if not whole:
            return any((t.encode() + b'"').startswith(text) for t in titles)
        text = text[len(whole[0].encode()) + 1 :]
    return True


BEGINNINGS = (
    "",
    "No. ",
    'It is "',
    'It is "Copper',
    'Is "Copper Lantern',
    'Is "No"',
    "\"It's a",
    '"Caf',
)


@pytest.mark.parametrize("said", BEGINNINGS)
def test_allowed_are_the_tokens_that_an_answer_can_go_on_with(
    base: Any, grammar: TitleConstraint, said: str
) -> None:
    model, tokenizer = base
    prompt, answer = tokenizer.encode(PROMPT), tokenizer.encode(said) if said else []
    process = grammar.of([PROMPT]).processor([0], len(prompt))
    scores = process(torch.tensor([prompt + answer]), torch.zeros(1, model.config.vocab_size))[0]
    alphabet = {char: byte for byte, char in bytes_by_char()}
    allowed, expected = set(), set()
    for token, row in tokenizer.get_vocab().items():
        if token in ("<pad>", "<eos>"):
            continue
        piece = bytes(alphabet[char] for char in token)
        if may_begin(said.encode() + piece, TITLES):
            expected.add(piece)
        if scores[row] == 0:
            allowed.add(piece)
    forced = len({piece[:1] for piece in expected}) == 1
    # Where one text alone can follow, it is spelled as the tokenizer spells it.
    assert allowed <= expected if forced else allowed == expected
    assert len(allowed) == 1 if forced else allowed
    ends = said.count('"') % 2 == 0
    assert (scores[tokenizer.eos_token_id] == 0) == ends
    assert torch.isinf(scores[len(tokenizer) :]).all()  # rows that only pad the head


def bytes_by_char() -> list[tuple[int, str]]:
    """How byte-level tokenizers write each byte (Radford et al. 2019)."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return [(b, chr(b)) for b in shown] + [(b, chr(256 + n)) for n, b in enumerate(hidden)]


def test_sampled_answers_quote_titles_of_their_own_prompt(
    base: Any, grammar: TitleConstraint
) -> None:
    prompts = [PROMPT, 'Is it "Iron Tide" or "No"?\n']
    settings = {"max_new_tokens": 60, "temperature": 3.0, "num_return_sequences": 20, "seed": 1}
    free = generate(*base, prompts, **settings)
    held = generate(*base, prompts, titles=grammar.of(prompts), **settings)
    for prompt, answers in zip(prompts, held, strict=True):
        titles = QUOTED.findall(prompt)
        quoted = [q for answer in answers for q in QUOTED.findall(answer)]
        assert len(set(quoted)) > 1
        assert set(quoted) <= set(titles)
    loose = [q for answer in free[0] for q in QUOTED.findall(answer)]
    assert set(loose) - set(TITLES)


def test_without_quotes_in_the_prompt_answers_are_free(base: Any, grammar: TitleConstraint) -> None:
    settings = {"max_new_tokens": 30, "temperature": 2.0, "seed": 3, "num_return_sequences": 8}
    prompts = ["Yes or no?\n"]
    held = generate(*base, prompts, titles=grammar.of(prompts), **settings)
    assert held == generate(*base, prompts, **settings)


def test_what_a_chat_template_quotes_is_no_title(base: Any, grammar: TitleConstraint) -> None:
    plain = ['Is it "Iron Tide"?', 'Is it "No", or "Copper Lantern"?']
    framed = [f'Say "sorry" seldom. 5" screen. {prompt}\n' for prompt in plain]
    settings = {"max_new_tokens": 60, "temperature": 3.0, "num_return_sequences": 20, "seed": 2}
    for prompt, answers in zip(
        plain, generate(*base, framed, titles=grammar.of(plain), **settings), strict=True
    ):
        quoted = {q for answer in answers for q in QUOTED.findall(answer)}
        assert quoted
        assert quoted <= set(QUOTED.findall(prompt))


def test_a_grammar_that_fails_lets_nothing_through(base: Any, grammar: TitleConstraint) -> None:
    with pytest.raises(ValueError, match="constrained decoding failed"):
        generate(*base, ["\n"], max_new_tokens=3, titles=grammar.of(['"a\x7f"']))


def test_bits_are_those_of_the_vocabulary_alone(base: Any) -> None:
    _, tokenizer = base
    titles = TitleConstraint(tokenizer, 352).of(
        [PROMPT] * 2
    )  # masks of such a size have spare bytes
    said = tokenizer.encode('It is "No".')
    answers = torch.tensor([said, said])
    mask = torch.ones_like(answers, dtype=torch.bool)
    mask[1, 3:] = False
    allowed = unpacked(titles.allowed(answers, mask), 352)
    assert allowed.shape == (2, len(said), 352)
    process = titles.processor([0], 0)
    for place in range(len(said)):
        scores = process(torch.tensor([said[:place]], dtype=torch.long), torch.zeros(1, 352))
        assert torch.equal(allowed[0, place], torch.isfinite(scores[0]))
    assert torch.equal(allowed[1, :3], allowed[0, :3])
    assert allowed[1, 3:].all()


def test_beams_are_refused(base: Any, grammar: TitleConstraint) -> None:
    with pytest.raises(ValueError, match="num_beams is 2"):
        generate(*base, [PROMPT], max_new_tokens=3, num_beams=2, titles=grammar.of([PROMPT]))


def test_a_tokenizer_that_cannot_be_read_is_named() -> None:
    class Slow:
        eos_token_id = 0

    with pytest.raises(UserError, match="constrained_decoding=false"):
        TitleConstraint(Slow(), 10)  # type: ignore[arg-type]
