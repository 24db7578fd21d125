"""CodeBuild that runs its buildspecs: each build a shell of its own in a folder of its own.

https://docs.aws.amazon.com/codebuild/latest/userguide/concepts.html
"""

from local_aws.clock import Clock
from local_aws.codebuild import api, builds, credentials, projects

__all__ = ["close", "install"]


def install(_clock: Clock) -> None:
    """Replace the actions on builds and on projects."""
    credentials.open_endpoint()
    projects.install()
    api.install()


def close() -> None:
    """Ends the builds that still run."""
    builds.close()
    credentials.close_endpoint()
