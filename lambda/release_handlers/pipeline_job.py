"""Answers CodePipeline's jobs, whatever happens: one without an answer hangs until it times out.

A Lambda action without a word for 20 minutes has timed out: https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html
How a LambdaInvoke rule calls is not documented, except that it hands over its parameters "as input for the function",
nor how it takes an answer, except that an error from the function is one. So a job is answered as an action's, an
answer that AWS does not take is raised, and parameters without a job are answered by how the function ends: a rule that
is not met stays so in any case.
https://docs.aws.amazon.com/codepipeline/latest/userguide/rule-reference-LambdaInvoke.html and
https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works-conditions.html
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from release_aws import clients
from release_aws.codepipeline import Jobs, ToldOtherwiseError
from release_engine import model, pipeline_job
from release_engine.ledger import epoch, iso
from release_engine.pipeline_job import Job, JobAnswer, JobOutcome, JobQuestion, UserParametersError
from release_engine.times import PIPELINE_JOB_SECONDS
from release_handlers.function_context import FunctionContext

_log = logging.getLogger(__name__)
AnswerQuestion = Callable[[Job, JobQuestion, FunctionContext], JobAnswer]


class NotMetError(Exception):
    """Says to a rule that hands over no job that it is not met."""


def answer(
    event: Mapping[str, Any], read_context: Callable[[], FunctionContext], answers: Mapping[str, AnswerQuestion]
) -> dict[str, Any]:
    """Answer the job by the function for its question, and return the answer; raise only when there is no other way."""
    job = pipeline_job.job_id(event) if pipeline_job.EVENT in event else ""
    result = _answer(event, read_context, answers)
    _log.info("job %s: %s: %s", job, result.outcome, result.reason)
    if job:
        result = _tell(_jobs(read_context), job, result)
    elif result.outcome is not JobOutcome.SUCCEEDED:
        raise NotMetError(result.reason)
    return {"outcome": result.outcome.value, "reason": result.reason}


def _answer(
    event: Mapping[str, Any], read_context: Callable[[], FunctionContext], answers: Mapping[str, AnswerQuestion]
) -> JobAnswer:
    try:
        job, context = pipeline_job.parse(event), read_context()
        question = pipeline_job.question(job.parameters, components=context.components, asks=answers)
        return answers[question.ask](job, question, context)
    except UserParametersError as error:
        return JobAnswer(JobOutcome.MISCONFIGURED, str(error))
    except Exception as error:  # noqa: BLE001 - the handler's outer edge: fail closed, with the reason in the pipeline
        _log.exception("CodePipeline's question could not be answered, so its job fails")
        return JobAnswer(JobOutcome.FAILED, f"could not be judged: {type(error).__name__}: {error}")


def _tell(jobs: Jobs, job: str, result: JobAnswer) -> JobAnswer:
    """Tell CodePipeline the answer, and return what it was told.

    A good answer that is not taken must not leave the job waiting; a failure that is not taken is raised.
    """
    if result.outcome in (JobOutcome.FAILED, JobOutcome.MISCONFIGURED):
        jobs.fail(job, result.reason, misconfigured=result.outcome is JobOutcome.MISCONFIGURED)
        return result
    try:
        if result.outcome is JobOutcome.SAMPLING:
            jobs.go_on(job, result.reason, result.token)
        else:
            jobs.succeed(job, result.reason)
    except Exception as error:  # noqa: BLE001 - whatever it is, the job must not hang
        _log.exception("job %s: CodePipeline did not take that it has %s", job, result.outcome)
        lost = JobAnswer(
            JobOutcome.FAILED, f"CodePipeline did not take the answer ({error}), which was: {result.reason}"
        )
        jobs.fail(job, lost.reason)
        return lost
    return result


def _jobs(read_context: Callable[[], FunctionContext]) -> Jobs:
    """Return the adapter for jobs, also where the context cannot be read: a job can be failed without it."""
    try:
        return read_context().jobs
    except Exception:  # noqa: BLE001 - whatever it is, the job must not hang
        _log.exception("the function's environment cannot be read")
        return Jobs(clients.client("codepipeline"))


def wait_for_window(job: Job, question: JobQuestion, context: FunctionContext) -> JobAnswer:
    """Answer whether the release window is open, or is to be waited for; an opening after the action's end is not.

    The token is the time at which this action asked first.
    """
    component, now = context.components[question.component], context.now()
    opens = model.opens_at(component.window, now)
    if opens is None:
        return JobAnswer(JobOutcome.SUCCEEDED, f"a release of {component.name} may start now")
    began = epoch(job.token) if job.token else now
    closed = f"{component.name}: {model.window_problem(component.window, now)}"
    if opens - began > PIPELINE_JOB_SECONDS:
        waits = f"an action waits for {PIPELINE_JOB_SECONDS // 3600} hours at most: retry it then"
        return JobAnswer(JobOutcome.FAILED, f"{closed}; {waits}")
    return JobAnswer(JobOutcome.SAMPLING, closed, iso(began))


def keep_push(_job: Job, question: JobQuestion, context: FunctionContext) -> JobAnswer:
    """Record a push; one that was recorded with other content before fails the job: one of both is wrong."""
    if question.push is None:
        raise ValueError("there is no push to record")
    try:
        at = context.pushes.keep(question.push, at=iso(context.now()))
    except ToldOtherwiseError as error:
        return JobAnswer(JobOutcome.FAILED, str(error))
    environments = ", ".join(question.push.environments)
    return JobAnswer(JobOutcome.SUCCEEDED, f"commit {question.push.commit} is in {environments}, recorded at {at}")
