"""Delimits the judged text, so that the model does not follow instructions in it.

Each block is between tags with a code, `<explanation-CODE>` to `</explanation-CODE>`. The code is a
digest of all blocks, so the same blocks always give the same message. A text with the code in it
would contain its own digest; if one does, another code is derived. In addition, brackets that could
open a tag or a marker get a space after them: this breaks closing tags, and the markers of chat
templates (`<|im_end|>`, `[INST]`) that a server might read as a new turn.
"""

import hashlib
import json
import re
from collections.abc import Mapping

CODE_LENGTH = 16
"""Hexadecimal digits."""
_MARKER = re.compile(r"<(?=\S)|\[(?=/?[A-Z_]+\])")


def fence(blocks: Mapping[str, str]) -> tuple[str, str]:
    """The code, and the blocks (name to text), each between tags with its name and the code."""
    defused = {name: defuse(text) for name, text in blocks.items()}
    code = _code(json.dumps(defused))
    fenced = (f"<{name}-{code}>\n{text}\n</{name}-{code}>" for name, text in defused.items())
    return code, "\n".join(fenced)


def defuse(text: str) -> str:
    """The text with a space after each bracket that could open a tag or a marker.

    Characters that UTF-8 cannot encode become question marks.
    """
    sendable = text.encode("utf-8", "replace").decode("utf-8")
    return _MARKER.sub(lambda found: found.group() + " ", sendable)


def _code(content: str) -> str:
    code = hashlib.sha256(content.encode()).hexdigest()[:CODE_LENGTH]
    while code in content:
        code = hashlib.sha256(code.encode()).hexdigest()[:CODE_LENGTH]
    return code
