"""The local AWS of the session, with the programs that the rehearsal's builds find in their PATH."""

import pytest

from local_aws.host import workplace
from local_aws.server import LocalAws
from rehearsal import programs
from tests.local_aws.codebuild.sample_builds import Builds
from tests.local_aws.fixtures import aws, balanced, ecs, registry

__all__ = ["aws", "balanced", "builds", "ecs", "registry"]


@pytest.fixture(scope="session")
def builds(aws: LocalAws) -> Builds:
    programs.write(workplace.current().programs)
    return Builds(aws)
