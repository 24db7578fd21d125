"""CodePipeline asks: every job is answered, whatever happens, since one without an answer hangs until it times out.

A Lambda action without a word for 20 minutes has timed out: https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html
How a LambdaInvoke rule calls is not documented, except that it hands over its parameters "as input for the function",
nor how it is told, except that an error from the function is one. So a job is answered as an action's, an answer that
AWS does not take is raised, and parameters without a job are answered by how the function ends: a rule that is not met
stays so in any case.
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
Way = Callable[[Job, JobQuestion, FunctionContext], JobAnswer]


class NotMetError(Exception):
    """The answer to a rule that hands over no job."""


def answer(
    event: Mapping[str, Any], read_context: Callable[[], FunctionContext], ways: Mapping[str, Way]
) -> dict[str, Any]:
    """`ways` are the questions that this function answers. Raises only when nobody could be told in another way."""
    job = pipeline_job.job_id(event) if pipeline_job.EVENT in event else ""
    said = _answer(event, read_context, ways)
    _log.info("job %s: %s: %s", job, said.outcome, said.reason)
    if job:
        said = _tell(_jobs(read_context), job, said)
    elif said.outcome is not JobOutcome.SUCCEEDED:
        raise NotMetError(said.reason)
    return {"outcome": said.outcome.value, "reason": said.reason}


def _answer(
    event: Mapping[str, Any], read_context: Callable[[], FunctionContext], ways: Mapping[str, Way]
) -> JobAnswer:
    try:
        job, here = pipeline_job.parse(event), read_context()
        asked = pipeline_job.question(job.parameters, components=here.components, asks=ways)
        return ways[asked.ask](job, asked, here)
    except UserParametersError as error:
        return JobAnswer(JobOutcome.MISCONFIGURED, str(error))
    except Exception as error:  # noqa: BLE001 - the handler's outer edge: fail closed, with the reason in the pipeline
        _log.exception("CodePipeline's question could not be answered, so its job fails")
        return JobAnswer(JobOutcome.FAILED, f"could not be judged: {type(error).__name__}: {error}")


def _tell(jobs: Jobs, job: str, said: JobAnswer) -> JobAnswer:
    """A good answer that is not taken must not leave the job waiting; a failure that is not taken is raised."""
    if said.outcome in (JobOutcome.FAILED, JobOutcome.MISCONFIGURED):
        jobs.fail(job, said.reason, misconfigured=said.outcome is JobOutcome.MISCONFIGURED)
        return said
    try:
        if said.outcome is JobOutcome.SAMPLING:
            jobs.go_on(job, said.reason, said.token)
        else:
            jobs.succeed(job, said.reason)
    except Exception as error:  # noqa: BLE001 - whatever it is, the job must not hang
        _log.exception("job %s: CodePipeline did not take that it has %s", job, said.outcome)
        lost = JobAnswer(JobOutcome.FAILED, f"CodePipeline did not take the answer ({error}), which was: {said.reason}")
        jobs.fail(job, lost.reason)
        return lost
    return said


def _jobs(read_context: Callable[[], FunctionContext]) -> Jobs:
    """Also where the context itself cannot be read: a job can be failed without it."""
    try:
        return read_context().jobs
    except Exception:  # noqa: BLE001 - whatever it is, the job must not hang
        _log.exception("the function's environment cannot be read")
        return Jobs(clients.client("codepipeline"))


def wait_for_window(job: Job, asked: JobQuestion, context: FunctionContext) -> JobAnswer:
    """The token is the time at which this action asked first: what it cannot live to see it does not wait for."""
    component, now = context.components[asked.component], context.now()
    opens = model.opens_at(component.window, now)
    if opens is None:
        return JobAnswer(JobOutcome.SUCCEEDED, f"a release of {component.name} may start now")
    began = epoch(job.token) if job.token else now
    said = f"{component.name}: {model.window_problem(component.window, now)}"
    if opens - began > PIPELINE_JOB_SECONDS:
        waits = f"an action waits for {PIPELINE_JOB_SECONDS // 3600} hours at most: retry it then"
        return JobAnswer(JobOutcome.FAILED, f"{said}; {waits}")
    return JobAnswer(JobOutcome.SAMPLING, said, iso(began))


def keep_push(_job: Job, asked: JobQuestion, context: FunctionContext) -> JobAnswer:
    """A push that was recorded with other words before fails the job: one of both is wrong."""
    if asked.push is None:
        raise ValueError("there is no push to record")
    try:
        at = context.pushes.keep(asked.push, at=iso(context.now()))
    except ToldOtherwiseError as error:
        return JobAnswer(JobOutcome.FAILED, str(error))
    where = ", ".join(asked.push.environments)
    return JobAnswer(JobOutcome.SUCCEEDED, f"commit {asked.push.commit} is in {where}, recorded at {at}")
