"""The evaluator with which the workflows' steps are run: it knows a little, and says so of the rest."""

from typing import Any

import pytest

from tests.rehearsal.workflows.expressions import Blank, Expressions, UnknownExpressionError

CONTEXTS: dict[str, Any] = {
    "inputs": {"digest": "", "component": "client", "unattended": False},
    "needs": {"build": {"outputs": Blank(digest="sha256:1")}},
    "vars": Blank(ROLE="arn"),
}


def expressions(*, failed: bool = False) -> Expressions:
    functions = {"success": lambda: not failed, "failure": lambda: failed, "cancelled": lambda: False}
    return Expressions(CONTEXTS, functions)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("no mark", "no mark"),
        ("${{ inputs.component }}-${{ vars.ROLE }}", "client-arn"),
        ("${{ inputs.digest || needs.build.outputs.digest }}", "sha256:1"),
        ("${{ inputs.component == 'CLIENT' && vars.ROLE || 'other' }}", "arn"),
        ("${{ (inputs.component != 'client') && vars.ROLE || 'it''s other' }}", "it's other"),
        ("${{ vars.UNSET }}", ""),
        ("${{ !inputs.unattended }}", "true"),
        (110, "110"),
    ],
)
def test_marks_are_replaced_as_github_does_it(written: object, text: str) -> None:
    assert expressions().text(written) == text


@pytest.mark.parametrize(
    ("condition", "failed", "holds"),
    [
        ("inputs.digest == ''", False, True),
        ("inputs.digest == ''", True, False),
        ("${{ !cancelled() }}", True, True),
        ("${{ !cancelled() && !failure() }}", True, False),
        ("!inputs.unattended", False, True),
    ],
)
def test_a_condition_that_asks_for_no_status_wants_success(condition: str, failed: bool, holds: bool) -> None:
    assert expressions(failed=failed).holds(condition) is holds


@pytest.mark.parametrize(
    "unknown",
    ["inputs.nothing", "matrix.x", "hashFiles('x')", "fromJSON(inputs.digest)", "inputs.digest > 1", "inputs digest"],
)
def test_what_it_does_not_know_is_an_error(unknown: str) -> None:
    with pytest.raises(UnknownExpressionError):
        expressions().value(unknown)
