"""The builds of this local AWS, as CodePipeline starts them and asks after them."""

import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path

from local_aws.codebuild import build_log, projects
from local_aws.codebuild.folders import Folders, Sources
from local_aws.codebuild.job import Job
from local_aws.codebuild.records import BuildRecord
from local_aws.host import workplace
from local_aws.ministack_parts.answers import Record
from local_aws.ministack_parts.responses import new_uuid
from local_aws.ministack_parts.services import codebuild

__all__ = ["Sources", "artifacts", "begin", "close", "described", "start", "stop"]

_jobs: dict[str, Job] = {}
_numbers = threading.Lock()


def start(project: str, sources: Sources, *, variables: Sequence[Mapping[str, str]] = (), initiator: str) -> str:
    """Start a build and return its identifier, `project:uuid`; LookupError when there is no such project.

    `variables` are name, value and type, as an action of CodePipeline has them; they count more than the project's.
    """
    return begin(projects.copy_of(project), sources, variables=variables, initiator=initiator)


def begin(
    project: Record,
    sources: Sources | None,
    *,
    variables: Sequence[Mapping[str, str]] = (),
    initiator: str,
    version: str = "",
) -> str:
    """Start a build of a project as it is given; without sources it works in an empty folder."""
    build_id = f"{project['name']}:{new_uuid()}"
    with _numbers:
        record = BuildRecord(
            _build(project, build_id) | _of_this_start(project, sources, variables, initiator, version)
        )
    folder = workplace.current().builds / build_id.rpartition(":")[2]
    _jobs[build_id] = Job(record, Folders(folder, sources))
    return build_id


def described(build_id: str) -> Record:
    """Return one of the `builds` of BatchGetBuilds; LookupError when there is none."""
    _require(build_id)
    return deepcopy(dict(codebuild.builds[build_id]))


def artifacts(build_id: str) -> Mapping[str, Path]:
    """Return the artifacts' folders by identifier, the primary one under ""; LookupError unless the build succeeded."""
    status = described(build_id)["buildStatus"]
    if status != "SUCCEEDED":
        raise LookupError(f"build {build_id} is {status}: only a build that succeeded has artifacts")
    return _jobs[build_id].artifacts()


def stop(build_id: str) -> None:
    """End a build with all its processes, and return when they have ended; LookupError when there is no such build."""
    _require(build_id)
    _jobs[build_id].stop()


def close() -> None:
    """Ends all of them."""
    for job in _jobs.values():
        job.stop()
    _jobs.clear()


def _require(build_id: str) -> None:
    if build_id not in codebuild.builds or build_id not in _jobs:
        raise LookupError(f"Build cannot be found: {build_id}")


def _build(project: Record, build_id: str) -> Record:
    """Return the record of a build that has been submitted.

    https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Build.html
    """
    others = [build for build in codebuild.builds.values() if build["projectName"] == project["name"]]
    kept = ("source", "secondarySources", "cache", "serviceRole", "encryptionKey", "timeoutInMinutes", "vpcConfig")
    secondary = [
        {"artifactIdentifier": artifact["artifactIdentifier"]} for artifact in project.get("secondaryArtifacts", ())
    ]
    return {
        **{key: project[key] for key in kept if key in project},
        "id": build_id,
        "arn": codebuild.build_arn(build_id),
        "buildNumber": max((build["buildNumber"] for build in others), default=0) + 1,
        "buildStatus": "IN_PROGRESS",
        "buildComplete": False,
        "currentPhase": "SUBMITTED",
        "startTime": time.time(),
        "projectName": project["name"],
        "phases": [],
        "logs": build_log.location(project, build_id),
        "artifacts": {"location": ""},
        "secondaryArtifacts": secondary,
        "queuedTimeoutInMinutes": project.get("queuedTimeoutInMinutes", 480),
    }


def _of_this_start(
    project: Record, sources: Sources | None, variables: Sequence[Mapping[str, str]], initiator: str, version: str
) -> Record:
    own = {variable["name"]: dict(variable) for variable in project["environment"].get("environmentVariables") or ()}
    own |= {variable["name"]: {"type": "PLAINTEXT", **variable} for variable in variables}
    commit = _commit(sources.primary) if sources else ""
    said = {"sourceVersion": version or commit, "resolvedSourceVersion": commit}
    return {
        "initiator": initiator,
        "environment": project["environment"] | {"environmentVariables": list(own.values())},
        **{key: value for key, value in said.items() if value},
    }


def _commit(folder: Path) -> str:
    """Return the commit of a full clone; other sources tell none here."""
    if not (folder / ".git").exists():
        return ""
    command = ["git", "-C", str(folder), "rev-parse", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
