"""docs/failures.md defines every number of a failure that the repository uses, and says truly which answers exist."""

import re
from collections.abc import Mapping
from functools import cache
from itertools import chain

import pytest

from tests.unit.documentation.markdown import ROOT, files, prose

CATALOGUE = ROOT / "docs" / "failures.md"
STATES = {"built", "in part", "open"}
_ENTRY = re.compile(r"<a id=\"f(\d+)\"></a>\n\n### F(\d+): ([^\n]+)\n(.*?)(?=\n<a id=|\n## |\Z)", re.DOTALL)


@cache
def states() -> Mapping[int, str]:
    """Return the state of each failure's answer, by its number."""
    entries = _ENTRY.findall(CATALOGUE.read_text(encoding="utf-8"))
    return {
        int(number): "".join(re.findall(r"^- State: \*\*(.+)\*\*\.$", text, re.M)) for _, number, _, text in entries
    }


@cache
def used() -> Mapping[int, str]:
    """Return a file that uses it for each number, as code in a text or in the name of a test."""
    return {
        int(number): str(path.relative_to(ROOT))
        for path in files(".py", ".toml", ".md", ".yml", ".mjs")
        for number in chain(
            re.findall(r"\bF([0-9]{1,2})\b", path.read_text(encoding="utf-8")),
            *(re.findall(r"\d+", name) for name in _numbered_tests(path.read_text(encoding="utf-8"))),
        )
    }


@cache
def guarded() -> frozenset[int]:
    """Return the numbers that a test's name has, or that a story quotes."""
    tests = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py")]
    stories = [path.read_text(encoding="utf-8") for path in (ROOT / "rehearsal" / "stories").rglob("*.py")]
    named = (re.findall(r"\d+", name) for text in tests for name in _numbered_tests(text))
    return frozenset(map(int, chain(*named, *(re.findall(r"\bF([0-9]{1,2})\b", text) for text in stories))))


def _numbered_tests(text: str) -> list[str]:
    return re.findall(r"def test_((?:f\d+_)+)", text)


def test_every_number_is_defined_once_under_its_own_anchor() -> None:
    entries = _ENTRY.findall(CATALOGUE.read_text(encoding="utf-8"))
    assert [anchor for anchor, number, _, _ in entries if anchor != number] == []
    assert sorted(states()) == list(range(1, len(entries) + 1))
    assert set(states().values()) <= STATES


def test_every_number_that_is_used_is_defined() -> None:
    assert {number: path for number, path in used().items() if number not in states()} == {}


def test_every_answer_that_is_not_open_has_a_test_or_story_that_names_it() -> None:
    assert [f"F{number}" for number, state in states().items() if state != "open" and number not in guarded()] == []


def test_what_has_a_test_is_not_called_open_any_more() -> None:
    """Whoever builds an answer says so in the catalogue."""
    assert [f"F{number}" for number, state in states().items() if state == "open" and number in guarded()] == []


@pytest.mark.parametrize("number", sorted(states()))
def test_every_failure_says_where_it_is_on_record_and_what_is_done_about_it(number: int) -> None:
    (text,) = [text for _, found, _, text in _ENTRY.findall(CATALOGUE.read_text()) if int(found) == number]
    assert re.search(r"^- On record: \S", text, re.M)
    assert re.search(r"^- Answer: \S", text, re.M)


def test_the_list_by_number_says_what_the_entries_say() -> None:
    text = CATALOGUE.read_text(encoding="utf-8")
    listed = re.findall(r"^- \[F(\d+)\]\(#f\1\): (.+?)(?: \((in part|open)\))?$", text, re.M)
    entries = _ENTRY.findall(text)
    titles = {number: title for _, number, title, _ in entries}
    assert {number: (title, state or "built") for number, title, state in listed} == {
        number: (titles[number], states()[int(number)]) for number in titles
    }


def test_documents_give_a_failure_in_words_and_its_number_only_as_a_link() -> None:
    pages = [
        path for path in files(".md") if path != CATALOGUE and (path.parent == ROOT or ROOT / "docs" in path.parents)
    ]
    bare = {path.name: re.findall(r"(?<!\[)\bF[0-9]{1,2}\b(?!\]\([^)]*failures\.md#f)", prose(path)) for path in pages}
    assert {name: numbers for name, numbers in bare.items() if numbers} == {}
