"""GitHub's expressions, as far as this project's workflows use them. Whatever else there is fails.

https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

_WORDS = re.compile(r"\s*(?:('(?:[^']|'')*')|(&&|\|\||==|!=|[!(),])|([A-Za-z_][\w.-]*)|(\S))")
_MARKED = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
STATUS = ("success", "failure", "cancelled", "always")


class UnknownExpressionError(LookupError):
    """Nothing of the kind is known here."""


class Blank(dict[str, Any]):
    """A context of which GitHub says that what is missing is empty: `vars`, `secrets`, outputs."""

    def __missing__(self, _key: str) -> str:
        return ""


class Expressions:
    """Evaluates in `contexts`, with the functions of a job's or a step's status."""

    def __init__(self, contexts: Mapping[str, Any], functions: Mapping[str, Callable[[], bool]]) -> None:
        self._contexts, self._functions = contexts, functions

    def text(self, written: object) -> str:
        """With every `${{ }}` in it replaced."""
        return _MARKED.sub(lambda marked: _as_text(self.value(marked.group(1))), _as_text(written))

    def holds(self, condition: object) -> bool:
        """An `if:`, marked or not. One that asks for no status also wants success, as GitHub has it."""
        written = _as_text(condition).strip()
        marked = _MARKED.fullmatch(written)
        expression = marked.group(1) if marked else written
        asks = any(f"{status}(" in expression for status in STATUS)
        return (asks or self._functions["success"]()) and _true(self.value(expression))

    def value(self, expression: str) -> Any:
        """What one expression comes to."""
        words = [word for word in _WORDS.findall(expression) if any(word)]
        if bad := [word[3] for word in words if word[3]]:
            raise UnknownExpressionError(f"{bad[0]!r} in {expression!r}")
        reading = _Reading([next(filter(None, word)) for word in words], self._contexts, self._functions)
        found = reading.either()
        if reading.words:
            raise UnknownExpressionError(f"{reading.words} is left of {expression!r}")
        return found


class _Reading:
    """Reads words from the left, `||` binding the least."""

    def __init__(self, words: list[str], contexts: Mapping[str, Any], functions: Mapping[str, Any]) -> None:
        self.words, self._contexts, self._functions = words, contexts, functions

    def either(self) -> Any:
        found = self._both()
        while self._take("||"):
            other = self._both()
            found = found if _true(found) else other
        return found

    def _both(self) -> Any:
        found = self._compared()
        while self._take("&&"):
            other = self._compared()
            found = other if _true(found) else found
        return found

    def _compared(self) -> Any:
        found = self._one()
        if self._take("=="):
            return _alike(found, self._one())
        if self._take("!="):
            return not _alike(found, self._one())
        return found

    def _one(self) -> Any:
        if self._take("!"):
            return not _true(self._one())
        if self._take("("):
            found = self.either()
            self._need(")")
            return found
        word = self.words.pop(0) if self.words else ""
        if word.startswith("'"):
            return word[1:-1].replace("''", "'")
        if self._take("("):
            self._need(")")
            return self._call(word)
        return self._named(word)

    def _call(self, name: str) -> bool:
        if name not in self._functions:
            raise UnknownExpressionError(f"function {name}()")
        return bool(self._functions[name]())

    def _named(self, path: str) -> Any:
        if path in ("true", "false"):
            return path == "true"
        found: Any = self._contexts
        for name in path.split("."):
            try:
                found = found[name]
            except (KeyError, TypeError) as error:
                raise UnknownExpressionError(f"{name!r} of {path!r}") from error
        return found

    def _take(self, word: str) -> bool:
        if not self.words or self.words[0] != word:
            return False
        self.words.pop(0)
        return True

    def _need(self, word: str) -> None:
        if not self._take(word):
            raise UnknownExpressionError(f"{word!r} is missing before {self.words}")


def _alike(one: object, other: object) -> bool:
    """Strings without regard to case; other kinds are compared as they are."""
    if isinstance(one, str) and isinstance(other, str):
        return one.casefold() == other.casefold()
    return type(one) is type(other) and one == other


def _true(value: object) -> bool:
    return value not in (False, 0, "", None)


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
