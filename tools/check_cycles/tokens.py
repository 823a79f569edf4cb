"""Rust source as tokens with lines, without comments and the insides of strings."""

import re
from typing import NamedTuple

TOKEN = re.compile(
    r"""
    (?P<skip> \s+ | //[^\n]* )
  | (?P<comment> /\* )
  | (?P<raw> b?c?r(?P<hashes>\#*)" )
  | (?P<text> [bc]?"(?:\\.|[^"\\])*" | b?'(?:\\(?:x..|u\{[^}]*\}|.)|[^\\'])' )
  | (?P<lifetime> '\w+ )
  | (?P<name> (?:r\#)?[A-Za-z_]\w* )
  | (?P<number> \d\w*(?:\.\d\w*)? )
  | (?P<sign> :: | -> | => | \$(?=crate\b) | . )
    """,
    re.VERBOSE | re.DOTALL,
)
COMMENT_EDGE = re.compile(r"/\*|\*/")
CLOSING = {"(": ")", "[": "]", "{": "}"}


class Token(NamedTuple):
    kind: str
    text: str
    line: int


def lex(source):
    """The tokens of a file: names, numbers, signs, lifetimes and, without what they hold, texts."""
    found, at, line = [], 0, 1
    while at < len(source):
        match = TOKEN.match(source, at)
        kind, end = match.lastgroup if match.lastgroup != "hashes" else "raw", match.end()
        if kind == "comment":
            end = end_of_comment(source, end)
        elif kind == "raw":
            end = source.index('"' + match["hashes"], end) + 1 + len(match["hashes"])
        if kind in ("raw", "text"):
            found.append(Token("text", "", line))
        elif kind not in ("skip", "comment") and match[0] != "$":
            found.append(Token(kind, match[0].removeprefix("r#"), line))
        line += source.count("\n", at, end)
        at = end
    return found


def end_of_comment(source, at):
    depth = 1
    while depth:
        edge = COMMENT_EDGE.search(source, at)
        depth += 1 if edge[0] == "/*" else -1
        at = edge.end()
    return at


def end_of_group(tokens, at):
    """The index behind the bracket that closes the one at `at`."""
    closing = [CLOSING[tokens[at].text]]
    while closing:
        at += 1
        text = tokens[at].text if tokens[at].kind == "sign" else ""
        if text in CLOSING:
            closing.append(CLOSING[text])
        elif text == closing[-1]:
            closing.pop()
    return at + 1
