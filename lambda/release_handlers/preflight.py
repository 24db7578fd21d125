"""Finds what is wrong before anything is touched, for the release machine, and for CodePipeline before a stage."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from release_aws.cloudformation import Stack
from release_engine import preflight
from release_engine.callers import Caller, caller_of
from release_engine.ledger import Kind
from release_engine.machine_state import State
from release_engine.model import Component
from release_engine.pipeline_job import Job, JobAnswer, JobOutcome, JobQuestion
from release_handlers import pipeline_job
from release_handlers.function_context import FunctionContext, read_context

SERVED = (Caller.MACHINE, Caller.PIPELINE)


def handler(event: Mapping[str, Any], _lambda_context: object) -> dict[str, Any]:
    """Answer CodePipeline's question, or check what the release machine hands over in its state Preflight."""
    if caller_of(event, SERVED) is Caller.PIPELINE:
        return pipeline_job.answer(
            event, read_context, {"preflight": _for_pipeline, "window": pipeline_job.wait_for_window}
        )
    return check(event["state"], read_context())


def _for_pipeline(job: Job, question: JobQuestion, context: FunctionContext) -> JobAnswer:
    """Answer whether a release could begin; its digest is looked for only if the pipeline names it."""
    state = {
        "release_id": job.id or "pipeline",
        "component": question.component,
        "digest": question.digest,
        "kind": Kind.RELEASE,
    }
    result = check(state, context)
    if result["problems"]:
        return JobAnswer(JobOutcome.FAILED, result["reason"])
    return JobAnswer(JobOutcome.SUCCEEDED, f"nothing stands in the way of a release of {question.component}")


def check(state: State, context: FunctionContext) -> dict[str, Any]:
    """Check a release; `status` is ready, unchanged where there is nothing to do, or refused with all in `reason`.

    Without a digest it is any release that may come. The digest that stands as released well is what Lock has read.
    """
    component = context.components[state["component"]]
    wanted = preflight.WantedRelease(
        state["release_id"], state["digest"], Kind(state["kind"]), context.now(), state.get("manifest")
    )
    facts = _facts(component, wanted, context.stacks.describe(component.stack), context)
    facts = replace(facts, released=(state.get("lock") or {}).get("standing_digest"))
    if problems := preflight.problems(component, wanted, facts):
        return {"status": "refused", "reason": "; ".join(problems), "problems": problems}
    if preflight.unchanged(component, wanted, facts):
        reason = f"{component.name} already runs {wanted.digest}: nothing to release"
        return {"status": "unchanged", "reason": reason, "problems": []}
    return {"status": "ready", "reason": "", "problems": []}


def _facts(
    component: Component, wanted: preflight.WantedRelease, stack: Stack | None, context: FunctionContext
) -> preflight.PreflightFacts:
    former = stack.digest if stack else None
    setups = context.setups.find(component.cluster, component.service_names)
    return preflight.PreflightFacts(
        stack_status=stack.status if stack else None,
        former_digest=former,
        images=context.images.present(component.repository, filter(None, [wanted.digest, former])),
        alarms=context.alarms.states(component.alarm_prefix),
        change_sets=context.stacks.change_sets(stack.name) if stack else (),
        setups=setups,
        traffic=context.rules.traffic(setups),
        secrets=context.secrets.known(context.setups.secrets(setups)),
        running=[context.services.running(component.cluster, setup.service) for setup in setups],
    )
