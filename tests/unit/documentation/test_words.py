"""What documents define is defined once and means one thing: words, type names, and the numbers of failures.

docs/glossary.md has each word with AWS's or that it is ours, and the types that share a name. docs/failures.md
defines every number of a failure that the repository uses, and says truly which answers exist.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from itertools import chain
from typing import NamedTuple

import pytest

from tests.unit.documentation.markdown import ROOT, files, prose

GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
ENTRIES = re.findall(r"^\*\*([^*]+)\*\*(?:, short \*\*[^*]+\*\*)? \(([^)]+)\):\n(\S[^\n]+)", GLOSSARY, re.MULTILINE)
TWICE = {"Stage"}  # CodePipeline's, and the rehearsal's


def test_every_entry_has_its_words_and_a_meaning() -> None:
    assert len(ENTRIES) == len(re.findall(r"^\*\*", GLOSSARY, re.MULTILINE)) >= 40


@pytest.mark.parametrize(("word", "other"), [(word, other) for word, other, _ in ENTRIES])
def test_each_word_has_the_word_of_aws_or_is_ours(word: str, other: str) -> None:
    assert other.startswith(("AWS: ", "*ours*")), word


def test_a_word_is_explained_once() -> None:
    words = [word for word, _, _ in ENTRIES]
    assert {word for word in words if words.count(word) > 1} == TWICE


PRODUCT = ("settings", "stacks", "constructs", "lambda", "release")


def shared() -> Mapping[str, list[str]]:
    """Return the files that define each public class of which there is more than one, by its name."""
    files = defaultdict[str, list[str]](list)
    for path in (path for folder in PRODUCT for path in sorted((ROOT / folder).rglob("*.py"))):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                files[node.name].append(str(path.relative_to(ROOT)))
    return {name: paths for name, paths in files.items() if len(paths) > 1}


def exceptions() -> set[str]:
    section = GLOSSARY.partition("## Types that share a name\n")[2]
    return {name for line in re.findall(r"^- (`.+?):", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", line)}


def test_no_two_types_share_a_name_without_a_line_in_the_glossary() -> None:
    assert {name: paths for name, paths in shared().items() if name not in exceptions()} == {}


def test_each_exception_of_the_glossary_is_still_one() -> None:
    assert exceptions()
    assert exceptions() - shared().keys() == set()


CATALOGUE_PAGE = ROOT / "docs" / "failures.md"
CATALOGUE = CATALOGUE_PAGE.read_text(encoding="utf-8")
STATES = {"built", "in part", "open"}
_ENTRY = re.compile(r"<a id=\"f(\d+)\"></a>\n\n### F(\d+): ([^\n]+)\n(.*?)(?=\n<a id=|\n## |\Z)", re.DOTALL)


class Failure(NamedTuple):
    """One entry of the catalogue: the id of its anchor, its number and title, and what it says of the failure."""

    anchor: str
    number: str
    title: str
    text: str

    @property
    def state(self) -> str:
        return "".join(re.findall(r"^- State: \*\*(.+)\*\*\.$", self.text, re.M))


FAILURES = {int(entry[1]): Failure(*entry) for entry in _ENTRY.findall(CATALOGUE)}


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
    assert [failure.number for failure in FAILURES.values() if failure.anchor != failure.number] == []
    assert sorted(FAILURES) == list(range(1, CATALOGUE.count("\n### F") + 1))
    assert {failure.state for failure in FAILURES.values()} <= STATES


def test_every_number_that_is_used_is_defined() -> None:
    assert {number: path for number, path in used().items() if number not in FAILURES} == {}


def test_every_answer_that_is_not_open_has_a_test_or_story_that_names_it() -> None:
    answered = {number for number, failure in FAILURES.items() if failure.state != "open"}
    assert sorted(answered - guarded()) == []


def test_what_has_a_test_is_not_called_open_any_more() -> None:
    """Whoever builds an answer says so in the catalogue."""
    assert [number for number, failure in FAILURES.items() if failure.state == "open" and number in guarded()] == []


@pytest.mark.parametrize("number", sorted(FAILURES))
def test_every_failure_says_where_it_is_on_record_and_what_is_done_about_it(number: int) -> None:
    assert re.search(r"^- On record: \S", FAILURES[number].text, re.M)
    assert re.search(r"^- Answer: \S", FAILURES[number].text, re.M)


def test_the_list_by_number_says_what_the_entries_say() -> None:
    listed = re.findall(r"^- \[F(\d+)\]\(#f\1\): (.+?)(?: \((in part|open)\))?$", CATALOGUE, re.M)
    assert {int(number): (title, state or "built") for number, title, state in listed} == {
        number: (failure.title, failure.state) for number, failure in FAILURES.items()
    }


def test_documents_give_a_failure_in_words_and_its_number_only_as_a_link() -> None:
    pages = [
        path
        for path in files(".md")
        if path != CATALOGUE_PAGE and (path.parent == ROOT or ROOT / "docs" in path.parents)
    ]
    bare = {path.name: re.findall(r"(?<!\[)\bF[0-9]{1,2}\b(?!\]\([^)]*failures\.md#f)", prose(path)) for path in pages}
    assert {name: numbers for name, numbers in bare.items() if numbers} == {}
