"""docs/glossary.md names each word once, with AWS's word or that it is ours."""

import re

import pytest

from tests.unit.documentation.markdown import ROOT

TEXT = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
ENTRIES = re.findall(r"^\*\*([^*]+)\*\*(?:, short \*\*[^*]+\*\*)? \(([^)]+)\):\n(\S[^\n]+)", TEXT, re.MULTILINE)
TWICE = {"Stage"}  # CodePipeline's, and the rehearsal's


def test_every_entry_has_its_words_and_a_meaning() -> None:
    assert len(ENTRIES) == len(re.findall(r"^\*\*", TEXT, re.MULTILINE)) >= 40


@pytest.mark.parametrize(("word", "other"), [(word, other) for word, other, _ in ENTRIES])
def test_each_word_has_the_word_of_aws_or_is_ours(word: str, other: str) -> None:
    assert other.startswith(("AWS: ", "*ours*")), word


def test_a_word_is_explained_once() -> None:
    words = [word for word, _, _ in ENTRIES]
    assert {word for word in words if words.count(word) > 1} == TWICE
