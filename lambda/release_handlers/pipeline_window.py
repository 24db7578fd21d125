"""A stage that waits for the market window: CodePipeline asks again until it is open."""

from release_engine import window
from release_engine.ledger import epoch, iso
from release_engine.pipeline_job import Job, JobAnswer, JobOutcome, JobQuestion
from release_engine.times import PIPELINE_JOB_SECONDS
from release_handlers.world import World


def ask(job: Job, asked: JobQuestion, world: World) -> JobAnswer:
    """The token is the time at which this action asked first: what it cannot live to see it does not wait for."""
    component, now = world.components[asked.component], world.now()
    opens = window.opens_at(component.window, now)
    if opens is None:
        return JobAnswer(JobOutcome.SUCCEEDED, f"a release of {component.name} may start now")
    began = epoch(job.token) if job.token else now
    said = f"{component.name}: {window.problem(component.window, now)}"
    if opens - began > PIPELINE_JOB_SECONDS:
        waits = f"an action waits for {PIPELINE_JOB_SECONDS // 3600} hours at most: retry it then"
        return JobAnswer(JobOutcome.FAILED, f"{said}; {waits}")
    return JobAnswer(JobOutcome.SAMPLING, said, iso(began))
