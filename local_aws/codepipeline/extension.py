"""What is opened with the local AWS, and closed with it."""

from local_aws.clock import Clock
from local_aws.codepipeline import api, jobs, pipelines, repositories, resource_type, triggers


def install(clock: Clock) -> None:
    """Adds the service and its resource type; repositories are connected by `repositories.connect`."""
    repositories.forget()
    jobs.forget()
    pipelines.open_with(clock)
    triggers.start()
    api.install()
    resource_type.install()


def close() -> None:
    """No execution goes on, and nothing starts one any more."""
    triggers.stop()
    pipelines.close()
