"""The same review on a terminal and as a document."""

import json
from io import StringIO

import pytest
from rich.console import Console

from release.review.cdk_diff import compare
from release.review.cost import list_prices
from release.review.deployed import Drift, DriftedResource
from release.review.replacements import Acknowledgements
from release.review.report import as_document, show
from release.review.review import Review, review
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
