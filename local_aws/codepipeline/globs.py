"""Glob patterns of triggers. https://docs.aws.amazon.com/codepipeline/latest/userguide/syntax-glob.html"""

import re
from collections.abc import Iterator, Sequence
from functools import cache

_TOKEN = re.compile(r"\\.|\*\*|\*|\?|\[!?\]?[^\]]*\]|\{|\}|,|.", re.DOTALL)


def matches(pattern: str, text: str) -> bool:
    """`*` and `?` stay within a folder, `**` crosses folders; `[...]`, `{a,b}` and `\\` as in a shell."""
    return _compiled(pattern).fullmatch(text) is not None


def any_matches(patterns: Sequence[str], text: str) -> bool:
    return any(matches(pattern, text) for pattern in patterns)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(_translated(pattern)), re.DOTALL)


def _translated(pattern: str) -> Iterator[str]:
    groups = 0
    for sign in _TOKEN.findall(pattern):
        if sign == "{":
            groups += 1
        elif sign == "}":
            groups -= 1
        yield _part(sign, in_group=groups > 0)


def _part(sign: str, *, in_group: bool) -> str:
    simple = {"**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")", ",": "|" if in_group else ","}
    if sign in simple:
        return simple[sign]
    if sign.startswith("[") and len(sign) > 2:
        return _set(sign[1:-1])
    return re.escape(sign[1:] if len(sign) == 2 and sign.startswith("\\") else sign)


def _set(members: str) -> str:
    """Within brackets `*`, `?` and `\\` stand for themselves, and no set crosses folders."""
    negated = "^" if members.startswith("!") else ""
    inner = members[1:] if negated else members
    return f"(?!/)[{negated}{inner.translate(_ESCAPED)}]"


_ESCAPED = str.maketrans({"\\": r"\\", "[": r"\[", "]": r"\]", "^": r"\^"})
