"""CodePipeline, which ministack has not: V2 pipelines in QUEUED mode really run.

https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html. What is not imitated is refused
when a pipeline is created (`declaration_checks`). No role is evaluated.
"""

from local_aws.codepipeline import repositories as repositories
from local_aws.codepipeline.extension import close, install

__all__ = ["close", "install", "repositories"]
