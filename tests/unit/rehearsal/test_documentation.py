"""The documents and the rehearsal agree: what docs say of it is so, and docs/runbook.md names what a story can type."""

import re
from inspect import signature

import pytest

from local_aws.cloudformation.resource_types.record_only import RECORD_ONLY
from rehearsal.__main__ import main
from rehearsal.commands import ROOT, StepFailedError
from rehearsal.components.base.faults import ALLOWED
from rehearsal.stories import STORIES, TOUR, failed_rollback
from rehearsal.story_parts import by_hand
from rehearsal.summary import Summary

DOCUMENT = (ROOT / "docs" / "rehearsal.md").read_text(encoding="utf-8")
LOCAL_AWS = (ROOT / "docs" / "local-aws.md").read_text(encoding="utf-8")


def section(heading: str, document: str = DOCUMENT) -> str:
    """Return the text below a heading, up to the next one."""
    _, found, below = document.partition(f"# {heading}\n")
    assert found, f"there is no heading {heading!r}"
    return re.split(r"^#+ ", below, flags=re.MULTILINE)[0]


def rows(heading: str, document: str = DOCUMENT) -> dict[str, list[str]]:
    """Return the table below a heading: the first cell of each row, without its backticks -> the other cells."""
    lines = [line for line in section(heading, document).splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {first.replace("`", ""): more for first, *more in cells[2:]}


def test_every_type_of_which_only_the_record_is_kept_is_told_with_its_reason() -> None:
    records = rows("Resource types of which only the record is kept", LOCAL_AWS)
    told = {name: reason for name, (reason,) in records.items()}
    assert told == {name: rule.reason for name, rule in RECORD_ONLY.items()}


def test_every_story_is_told_and_whether_the_tour_has_it() -> None:
    stories = DOCUMENT.partition("## The stories\n")[2].partition("\n## ")[0]
    told = dict(re.findall(r"^- `([a-z-]+)`( \(in the tour\))?: \S", stories, re.MULTILINE))
    assert told == {name: " (in the tour)" if name in TOUR else "" for name in STORIES}


def test_every_key_of_the_summary_is_told() -> None:
    told = [key for names in rows("What it leaves: `summary.json`") for key in names.split(", ")]
    assert sorted(told) == sorted(Summary("prod2", 60).as_dict())


def test_every_option_is_told() -> None:
    told = {option.removeprefix("--") for option in rows("How to run it")}
    assert told == set(signature(main).parameters)


def test_every_fault_that_a_version_can_have_is_told() -> None:
    faults = frozenset().union(*ALLOWED.values()) - {"none"}
    assert [fault for fault in sorted(faults) if f"`{fault}`" not in DOCUMENT] == []


def test_f5_the_commands_for_a_rollback_that_failed_begin_with_the_service_and_end_with_the_ledger() -> None:
    """A deployment must run before its stack can be continued, and that before a release of any kind."""
    words = [" ".join(command.split()[:3]) for command in by_hand.runbook_commands(failed_rollback.SECTION)]
    assert words == [
        "aws ecs update-service",
        "aws ecs wait",
        "aws cloudformation continue-update-rollback",
        "aws cloudformation wait",
        "python -m release",
    ]


@pytest.mark.parametrize("heading", ["A lock does not go away", "There is no such heading"])
def test_a_section_that_names_no_command_in_its_steps_is_none_to_follow(heading: str) -> None:
    with pytest.raises(StepFailedError, match=heading):
        by_hand.runbook_commands(heading)
