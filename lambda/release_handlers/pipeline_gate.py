"""Answers CodePipeline's question for the gate, by rounds of the bake on what a component runs.

A round comes not sooner than the gate's interval says. What was seen is kept in the ledger, and only its id travels: a
continuation token holds 2,048 characters, the samples of a bake are far more. Asking anew with each call would never
have enough of them.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from release_engine.ledger import Kind
from release_engine.model import Component
from release_engine.pipeline_job import Job, JobAnswer, JobOutcome, JobQuestion
from release_engine.times import PIPELINE_JOB_SECONDS
from release_engine.verdict import Verdict
from release_handlers import bake, pipeline_job
from release_handlers.function_context import FunctionContext

_NOT_KEPT = ("verdict", "reason", "evidence")  # of a round: the next one gives those of all rounds anew


class _Gate(NamedTuple):
    """The gate of one call; `id` names it in the ledger, and is the continuation token."""

    id: str
    component: Component
    context: FunctionContext
    seconds_left: Callable[[], float]


def answer(
    event: Mapping[str, Any], read_context: Callable[[], FunctionContext], seconds_left: Callable[[], float]
) -> dict[str, Any]:
    """Answer the job or the rule of CodePipeline that asks for the gate."""

    def gate(job: Job, question: JobQuestion, context: FunctionContext) -> JobAnswer:
        return ask(job, question, context, seconds_left)

    return pipeline_job.answer(event, read_context, {"gate": gate})


def ask(job: Job, question: JobQuestion, context: FunctionContext, seconds_left: Callable[[], float]) -> JobAnswer:
    """Take one round if one is due, and answer; the same call twice gives the same answer (F35)."""
    if not job.id:
        return JobAnswer(JobOutcome.FAILED, "a gate takes several calls: let an action ask it, which hands over a job")
    gate = _Gate(job.token or f"pipeline-{job.id}", context.components[question.component], context, seconds_left)
    kept = context.ledger.gate(question.component, gate.id)
    if kept is None and job.token:
        raise LookupError(
            f"the ledger has no gate#{gate.id} of {question.component}, which the continuation token names"
        )
    if kept is None:
        return _begin(gate, question.digest)
    return _judged(kept) if "verdict" in kept else _go_on(gate, kept)


def _begin(gate: _Gate, digest: str | None) -> JobAnswer:
    running = [digest] if digest else list(tasks := _running(gate))
    if len(running) != 1:
        return JobAnswer(JobOutcome.FAILED, _not_one(gate.component, tasks))
    now = gate.context.now()
    return _take_round(gate, {"began": now, "digest": running[0], "bake": None}, now)


def _go_on(gate: _Gate, kept: Mapping[str, Any]) -> JobAnswer:
    now, interval = gate.context.now(), gate.component.gate.interval_seconds
    if now - kept["began"] > PIPELINE_JOB_SECONDS:
        return JobAnswer(JobOutcome.FAILED, f"no verdict within {PIPELINE_JOB_SECONDS // 3600} hours; {kept['said']}")
    if now - kept["at"] < interval:
        return JobAnswer(
            JobOutcome.SAMPLING, f"{kept['said']}; the next round comes {interval} s after the last", gate.id
        )
    return _take_round(gate, kept, now)


def _take_round(gate: _Gate, kept: Mapping[str, Any], now: float) -> JobAnswer:
    """Take a round of the bake, which keeps its verdict by the id of the release: here, that of the gate."""
    state = {"release_id": gate.id, "component": gate.component.name, "digest": kept["digest"], "kind": Kind.RELEASE}
    done = bake.take_round({**state, "bake": kept["bake"]}, gate.context, gate.seconds_left())
    if done["status"] == "judged":
        return _judged(done)
    summary = f"round {done['round']}: {done['verdict']}: {done['reason']}"
    seen = {key: value for key, value in done.items() if key not in _NOT_KEPT}
    gate.context.ledger.keep_gate(gate.component.name, gate.id, {**kept, "at": now, "said": summary, "bake": seen})
    return JobAnswer(JobOutcome.SAMPLING, summary, gate.id)


def _judged(judgement: Mapping[str, Any]) -> JobAnswer:
    """Answer with the verdict; only a PASS is good, doubt is not (F14)."""
    good = judgement["verdict"] == Verdict.PASS
    return JobAnswer(
        JobOutcome.SUCCEEDED if good else JobOutcome.FAILED, f"{judgement['verdict']}: {judgement['reason']}"
    )


def _running(gate: _Gate) -> Counter[str]:
    """Count the component's running tasks by digest."""
    tasks: Counter[str] = Counter()
    for service in gate.component.services:
        tasks.update(gate.context.services.running(gate.component.cluster, service.name).tasks)
    return tasks


def _not_one(component: Component, running: Counter[str]) -> str:
    tasks = ", ".join(f"{count} of {digest or 'no digest'}" for digest, count in sorted(running.items()))
    what = f"tasks of more than one version: {tasks}" if running else "no task"
    return f"{component.name} runs {what}; a gate judges one version: wait for its release, or name one as digest"
