"""CodeBuild that runs its buildspecs: each build a shell of its own in a folder of its own.

https://docs.aws.amazon.com/codebuild/latest/userguide/concepts.html
"""

from rehearsal import programs
from rehearsal.local_aws import workplace
from rehearsal.local_aws.clock import Clock
from rehearsal.local_aws.code_build import api, builds, credentials, projects

__all__ = ["close", "install"]


def install(_clock: Clock) -> None:
    """Replaces the actions on builds, mends what is kept of projects, and puts the image's programs in place."""
    programs.write(workplace.current().programs)
    credentials.open_door()
    projects.install()
    api.install()


def close() -> None:
    """Ends the builds that still run."""
    builds.close()
    credentials.close_door()
