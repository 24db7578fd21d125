"""The same review on a terminal, as a document, and as a comment that is short enough and nothing but words."""

import json
import re
from io import StringIO

import pytest
from rich.console import Console

from release.review.cdk_diff import compare
from release.review.cost import list_prices
from release.review.deployed import Drift, DriftedResource
from release.review.replacements import Acknowledgements
from release.review.report import LIMIT, as_document, marker, render, show
from release.review.review import Review, review
from tests.unit.review.cases import CASES
from tests.unit.review.conftest import SETTING, Reviewed


def _shown(found: Review) -> str:
    out = StringIO()
    show(found, Console(file=out, width=40, highlight=False))
    return out.getvalue()


def test_the_verdict_comes_first_and_the_line_that_lets_it_pass_is_whole(reviewed: Reviewed) -> None:
    lines = _shown(reviewed("database renamed")).splitlines()
    assert lines[:2] == ["blocked: test against main", "2 resources in 1 stack: 1 removed but kept, 1 created"]
    assert any(line.endswith("write in the description: deletes: data/Database/Instance") for line in lines)


def test_a_change_says_what_differs_and_no_more(reviewed: Reviewed) -> None:
    shown = _shown(reviewed("brokers of another size"))
    assert "BrokerNodeGroupInfo.InstanceType kafka.m7g.large -> kafka.m7g.xlarge" in shown


def test_six_hundred_changes_are_too_many_for_a_terminal(reviewed: Reviewed) -> None:
    shown = _shown(reviewed("600 resources"))
    assert shown.count("AWS::Logs::LogGroup") == 200
    assert "… and 400 more: --json has them all" in shown


def test_nothing_is_one_line(reviewed: Reviewed) -> None:
    assert _shown(reviewed("nothing")) == "test against main: nothing changes\n"


@pytest.mark.parametrize(("case", "risk"), [("task size", 0), ("retention lowered", 2), ("stack removed", 3)])
def test_the_document_has_the_exit_code_as_its_risk(reviewed: Reviewed, case: str, risk: int) -> None:
    found = reviewed(case)
    document = json.loads(json.dumps(as_document(found)))
    assert document["risk"] == risk == int(found.risk)
    assert len(document["changes"]) == sum(len(stack.changes) for stack in found.stacks)


def test_stacks_that_come_and_go_are_named_in_the_document(reviewed: Reviewed) -> None:
    assert as_document(reviewed("stack added"))["stacks"] == {"added": ["added"], "removed": [], "changed": []}
    assert as_document(reviewed("stack removed"))["stacks"] == {"added": [], "removed": ["removed"], "changed": []}


def test_drift_is_shown_as_found_or_as_unknown() -> None:
    drift = Drift((DriftedResource("data", "Database", "MODIFIED", ("/MultiAZ",)),), ("engine: not allowed",))
    found = review(SETTING, compare([]), prices=list_prices(), acknowledged=Acknowledgements(), drift=drift)
    (finding,) = found.findings
    assert finding.text == "MODIFIED outside of CloudFormation by /MultiAZ: deploying may undo that, or fail"
    assert json.loads(json.dumps(as_document(found)))["drift"] == {
        "drifted": [{"stack": "data", "logical_id": "Database", "status": "MODIFIED", "properties": ["/MultiAZ"]}],
        "unknown": ["engine: not allowed"],
    }


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
