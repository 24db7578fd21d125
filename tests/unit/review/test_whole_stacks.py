"""A condition decides whether resources are there at all."""

from release.review.changes import StackChange
from release.review.whole_stacks import stack_findings
from tests.unit.review.templates import resource


def _stack(digest: str) -> dict[str, object]:
    table = {**resource("DynamoDB::Table"), "Condition": "Given"}
    return {"Conditions": {"Given": {"Fn::Equals": [digest, "a"]}}, "Resources": {"Table": table}}


def test_a_condition_that_reads_otherwise_names_what_depends_on_it() -> None:
    (finding,) = stack_findings([StackChange("data", _stack("a"), _stack("b"))])
    assert finding.text == "condition Given reads otherwise: where it comes to be false, Table goes"


def test_a_condition_that_stays_is_not_named() -> None:
    assert not list(stack_findings([StackChange("data", _stack("a"), _stack("a"))]))
