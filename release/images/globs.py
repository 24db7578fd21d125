"""Patterns of file paths, as CodePipeline's triggers read them.

https://docs.aws.amazon.com/codepipeline/latest/userguide/syntax-glob.html: `*` and `?` stay within a folder, `**` does
not, `[…]` is one of some characters, `{…,…}` one of some patterns, and a backslash takes the next character as it is.
"""

import re

from release.arguments import InputError

_PARTS = re.compile(
    r"\\(?P<plain>.)|(?P<any>\*\*)|(?P<some>\*)|(?P<one>\?)|\[(?P<set>[^\]/]+)\]|(?P<rest>.)", re.DOTALL
)


def compiled(pattern: str) -> re.Pattern[str]:
    """Matches whole paths, relative to the repository's root."""
    text, depth = "", 0
    for part in _PARTS.finditer(pattern):
        word, depth = _translated(part, depth)
        text += word
    if depth:
        raise InputError(f"{pattern!r}: a brace is not closed")
    return re.compile(text, re.DOTALL)


def _translated(part: re.Match[str], depth: int) -> tuple[str, int]:
    """`depth` is how many braces are open."""
    kind, text = str(part.lastgroup), part[str(part.lastgroup)]
    fixed = {"any": ".*", "some": "[^/]*", "one": "[^/]", "plain": re.escape(text), "set": _one_of(text)}
    if kind in fixed:
        return fixed[kind], depth
    if text == "{":
        return "(?:", depth + 1
    if depth and text in "},":
        return (")", depth - 1) if text == "}" else ("|", depth)
    return re.escape(text), depth


def _one_of(text: str) -> str:
    """Never the end of a folder, whatever is left out."""
    left_out = text.startswith("!")
    listed = re.sub(r"([\\^\[\]])", r"\\\1", text.removeprefix("!"))
    return f"(?!/)[{'^' if left_out else ''}{listed}]"
