"""`deploy-production.yml`, run with steps that only say how they ended: the order, the digests, and what stops it.

The evaluator with which the steps are run knows a little of GitHub's expressions, and says so of the rest.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest

from rehearsal.commands import ROOT
from settings.loading import load_settings
from tests.rehearsal.workflows.expressions import Blank, Expressions, UnknownExpressionError
from tests.rehearsal.workflows.workflow_runs import Ended, Job, Runner

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


WORKFLOW = ROOT / ".github" / "workflows" / "deploy-production.yml"
CHAIN = load_settings("prod2").chain
GIVEN: dict[str, Any] = {
    **{
        f"{place}_{kind}_role": f"{place}-{kind}"
        for place in ("staging", "production")
        for kind in ("build", "release")
    },
    "staging_url": "http://staging",
    "production_url": "http://production",
    "production_market": "TEST",
    "approval": "prod2-approval",
}


class Steps:
    """Notes what each job would do; those in `failing` fail."""

    def __init__(self, *failing: str) -> None:
        self.failing, self.done = failing, list[str]()

    def __call__(self, job: Job) -> Ended:
        what = _what(job)
        self.done.append(what)
        if what in self.failing:
            return Ended("failure")
        return Ended("success", Blank(digest=f"sha256:{job.contexts['inputs'].get('component')}"))


def _what(job: Job) -> str:
    given: Mapping[str, Any] = job.contexts["inputs"]
    if job.name == "unwind":
        return f"unwind {given['environment']}: {given['backend']} {given['client']} {given['engine']}"
    if job.name == "build":
        return f"build {given['component']}"
    if job.name == "release":
        return f"{given['component']} {given['digest']} to {given['environment']} by {given['role']}"
    return f"ask {given['url']}" if job.name == "acceptance" else job.name


def run(steps: Steps, **more: Any) -> Ended:
    github = {"repository": "exchange/exchange", "ref": "refs/heads/main", "sha": "a" * 40, "token": "a-token"}
    return Runner(github, {}, {}, steps).run(WORKFLOW, GIVEN | more, "workflow_call")


def released(steps: Steps, environment: str) -> list[str]:
    return [what.partition(" ")[0] for what in steps.done if f" to {environment} " in what]


def test_the_order_of_the_chain_is_that_of_the_settings_in_staging_and_in_production() -> None:
    steps = Steps()
    assert run(steps).result == "success"
    assert released(steps, "staging") == list(CHAIN)
    assert released(steps, "prod2") == list(CHAIN)


def test_every_component_waits_for_the_one_before_it_and_for_nothing_by_chance() -> None:
    """An order of the file alone would be none: jobs without needs begin at once."""
    for place in ("staging", "production"):
        for before, after in pairwise(CHAIN):
            steps = Steps(f"{before} sha256:{before} to {_environment(place)} by {place}-release")
            assert run(steps).result == "failure"
            assert after not in released(steps, _environment(place))


def test_f7_production_gets_the_digests_that_staging_had_and_each_is_built_once() -> None:
    steps = Steps()
    run(steps)
    built = [what for what in steps.done if what.startswith("build ")]
    assert sorted(built) == [f"build {component}" for component in sorted(CHAIN)]
    for component in CHAIN:
        assert f"{component} sha256:{component} to staging by staging-release" in steps.done
        assert f"{component} sha256:{component} to prod2 by production-release" in steps.done


def test_production_waits_for_the_acceptance_of_staging_and_for_people() -> None:
    steps = Steps()
    run(steps)
    first = steps.done.index(f"{CHAIN[0]} sha256:{CHAIN[0]} to prod2 by production-release")
    assert steps.done[first - 2 : first] == ["ask http://staging", "approve"]
    assert steps.done[-1] == "ask http://production"


@pytest.mark.parametrize("failing", ["approvable", "build engine", "ask http://staging", "approve"])
def test_nothing_goes_to_production_after(failing: str) -> None:
    steps = Steps(failing)
    assert run(steps).result == "failure"
    assert released(steps, "prod2") == []


def test_a_failed_build_of_any_component_leaves_staging_alone() -> None:
    for component in CHAIN:
        steps = Steps(f"build {component}")
        run(steps)
        assert released(steps, "staging") == []


@pytest.mark.parametrize(("url", "environment"), [("http://staging", "staging"), ("http://production", "prod2")])
def test_what_does_not_work_together_is_unwound_and_the_run_has_failed(url: str, environment: str) -> None:
    steps = Steps(f"ask {url}")
    assert run(steps).result == "failure"
    assert steps.done[-1] == f"unwind {environment}: sha256:backend sha256:client sha256:engine"


@pytest.mark.parametrize("failing", [None, "approve", f"{CHAIN[1]} sha256:{CHAIN[1]} to prod2 by production-release"])
def test_nothing_else_is_unwound(failing: str | None) -> None:
    """A release that failed has been undone by its own machine."""
    steps = Steps(*filter(None, [failing]))
    run(steps)
    assert [what for what in steps.done if what.startswith("unwind")] == []


def test_what_is_unattended_looks_for_no_reviewers_and_goes_on() -> None:
    steps = Steps()
    assert run(steps, unattended=True).result == "success"
    assert "approvable" not in steps.done
    assert released(steps, "prod2") == list(CHAIN)


def test_a_role_that_is_left_out_is_noticed_before_anything_runs() -> None:
    steps = Steps()
    with pytest.raises(AssertionError, match="needs these"):
        run(steps, production_release_role="")
    assert steps.done == []


def _environment(place: str) -> str:
    return "prod2" if place == "production" else place
