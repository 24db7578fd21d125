"""CodePipeline, which ministack has not: V2 pipelines in QUEUED mode really run.

https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html. What is not imitated is refused
when a pipeline is created (`declaration_checks`). No role is evaluated.
"""

from local_aws.clock import Clock
from local_aws.codepipeline import api, pipelines, repositories, resource_type, triggers
from local_aws.codepipeline.providers import function

__all__ = ["close", "install", "repositories"]


def install(clock: Clock) -> None:
    """Add the service and its resource type; repositories are connected by `repositories.connect`."""
    repositories.forget()
    function.forget()
    pipelines.open_with(clock)
    triggers.start()
    api.install()
    resource_type.install()


def close() -> None:
    """End every execution; nothing starts one any more."""
    triggers.stop()
    pipelines.close()
