"""Starts a local AWS with one build in it and leaves; prints the ids of the processes that it started."""

import json
import sys
from pathlib import Path

import psutil

from local_aws.server import LocalAws
from tests.local_aws.codebuild.sample_builds import Builds, spec
from tests.local_aws.ecs.sample_services import wait_for


def main(folder: Path) -> None:
    with LocalAws(folder) as aws:
        builds = Builds(aws)
        builds.start(builds.project(spec("sleep 600 & sleep 601")))
        sleeping = wait_for(_sleeping, lambda pids: len(pids) == 2)
    print(json.dumps(sleeping))


def _sleeping() -> list[int]:
    children = psutil.Process().children(recursive=True)
    return [child.pid for child in children if child.name() == "sleep"]


main(Path(sys.argv[1]))
