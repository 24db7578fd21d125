"""The last word of a pipeline: what it brought to which environments, recorded once however often it is told (F35)."""

from release_aws.pushes import ToldOtherwiseError
from release_engine.ledger import iso
from release_engine.pipeline_job import Job, JobAnswer, JobOutcome, JobQuestion
from release_handlers.world import World


def keep(_job: Job, asked: JobQuestion, world: World) -> JobAnswer:
    """A push that was recorded with other words before fails the job: one of both is wrong."""
    if asked.push is None:
        raise ValueError("there is no push to record")
    try:
        at = world.pushes.keep(asked.push, at=iso(world.now()))
    except ToldOtherwiseError as error:
        return JobAnswer(JobOutcome.FAILED, str(error))
    where = ", ".join(asked.push.environments)
    return JobAnswer(JobOutcome.SUCCEEDED, f"commit {asked.push.commit} is in {where}, recorded at {at}")
