"""docs/rehearsal.md says what the code does."""

import re
from inspect import signature

from local_aws.cloudformation.resource_types.record_only import RECORD_ONLY
from rehearsal.__main__ import main
from rehearsal.commands import ROOT
from rehearsal.components.base.faults import ALLOWED
from rehearsal.stories import STORIES, TOUR
from rehearsal.summary import Summary

DOCUMENT = (ROOT / "docs" / "rehearsal.md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, list[str]]:
    """The table below a heading: the first cell of each row, without its backticks -> the other cells."""
    _, found, below = DOCUMENT.partition(f"# {heading}\n")
    assert found, f"docs/rehearsal.md has no heading {heading!r}"
    lines = [line for line in re.split(r"^#+ ", below, flags=re.MULTILINE)[0].splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {first.replace("`", ""): more for first, *more in cells[2:]}


def test_every_type_of_which_only_the_record_is_kept_is_told_with_its_reason() -> None:
    told = {name: reason for name, (reason,) in rows("Resource types of which only the record is kept").items()}
    assert told == {name: rule.reason for name, rule in RECORD_ONLY.items()}


def test_every_story_is_told_and_whether_the_tour_has_it() -> None:
    told = {name: in_the_tour for name, (in_the_tour, _) in rows("The stories").items()}
    assert told == {name: "yes" if name in TOUR else "" for name in STORIES}


def test_every_key_of_the_summary_is_told() -> None:
    told = [key for names in rows("What it leaves: `summary.json`") for key in names.split(", ")]
    assert sorted(told) == sorted(Summary("prod2", 60).as_dict())


def test_every_option_is_told() -> None:
    told = {option.removeprefix("--") for option in rows("How to run it")}
    assert told == set(signature(main).parameters)


def test_every_fault_that_a_version_can_have_is_told() -> None:
    faults = frozenset().union(*ALLOWED.values()) - {"none"}
    assert [fault for fault in sorted(faults) if f"`{fault}`" not in DOCUMENT] == []
