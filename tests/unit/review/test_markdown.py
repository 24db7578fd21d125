"""The comment: short enough to be posted, and nothing in it is more than words."""

import re

import pytest

from release.review.markdown import LIMIT, marker, render
from tests.unit.review.cases import CASES
from tests.unit.review.conftest import Reviewed

ROW = re.compile(r"^\| many \|", re.MULTILINE)


def test_f32_six_hundred_changes_fit_into_a_comment_and_the_rest_is_counted(reviewed: Reviewed) -> None:
    found = reviewed("600 resources")
    comment, whole = render(found), render(found, limit=None)
    assert len(comment) <= LIMIT < len(whole)
    assert len(ROW.findall(whole)) == 600
    shown = len(ROW.findall(comment))
    assert 0 < shown < 600
    assert f"… and {600 - shown} more, in the artifact of this run." in comment
    assert comment.rstrip().endswith("</details>")


@pytest.mark.parametrize("limit", [3_000, 5_000, 20_000])
def test_f32_any_limit_is_kept_and_every_part_keeps_its_title(reviewed: Reviewed, limit: int) -> None:
    comment = render(reviewed("600 resources"), limit=limit)
    assert len(comment) <= limit
    for title in ("### Infrastructure of", "**Needs a look**", "**Time**", "**Cost**", "**Going back**", "**Drift**"):
        assert title in comment


@pytest.mark.parametrize("case", sorted(set(CASES) - {"nothing", "only CDK's note", "600 resources"}))
def test_every_other_case_is_shown_whole(reviewed: Reviewed, case: str) -> None:
    found = reviewed(case)
    assert render(found) == render(found, limit=None) != ""


@pytest.mark.parametrize("case", ["nothing", "only CDK's note"])
def test_there_is_no_comment_when_nothing_changes(reviewed: Reviewed, case: str) -> None:
    assert render(reviewed(case)) == ""


def test_the_comment_begins_with_the_marker_of_its_environment(reviewed: Reviewed) -> None:
    assert render(reviewed("task size")).splitlines()[0] == marker("test")
    assert marker("test") != marker("prod2")


def test_words_of_a_template_stay_words(reviewed: Reviewed) -> None:
    comment = render(reviewed("markup"))
    table = next(line for line in comment.splitlines() if line.startswith("| markup |"))
    assert len(re.findall(r"(?<!\\)\|", table)) == 6
    assert r"\</details\>" in table
    assert "@everybody" not in table
    assert r"\`x\`" in table


def test_the_line_to_write_is_there_to_be_copied(reviewed: Reviewed) -> None:
    comment = render(reviewed("engine volume replaced"))
    assert "`replaces: engine/Volume`" in comment
    assert "write these lines in the description" in comment
    assert "write these lines" not in render(reviewed("engine volume replaced", "replaces: engine/Volume"))
