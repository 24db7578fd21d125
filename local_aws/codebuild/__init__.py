"""CodeBuild that runs its buildspecs: each build a shell of its own in a folder of its own.

https://docs.aws.amazon.com/codebuild/latest/userguide/concepts.html
"""

from local_aws.clock import Clock
from local_aws.codebuild import build_environment, builds, projects

__all__ = ["close", "install"]


def install(_clock: Clock) -> None:
    """Replace the actions on builds and on projects."""
    build_environment.open_endpoint()
    projects.install()
    builds.install()


def close() -> None:
    """End the builds that still run."""
    builds.close()
    build_environment.close_endpoint()
