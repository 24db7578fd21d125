"""The builds of this local AWS, as CodePipeline starts them and as the API does: started, described, stopped, deleted.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html
"""

import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path

from local_aws.codebuild import buildspec, projects, records
from local_aws.codebuild.build_files import Folders, Sources
from local_aws.codebuild.job import Job
from local_aws.codebuild.records import BuildRecord
from local_aws.host import workplace
from local_aws.ministack_parts.answers import Record, RefusedError, answered, get_account_id, new_uuid
from local_aws.ministack_parts.services import codebuild

__all__ = ["Sources", "artifacts", "begin", "close", "described", "install", "start", "stop"]

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
    """End all builds."""
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
        "logs": records.log_location(project, build_id),
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
    versions = {"sourceVersion": version or commit, "resolvedSourceVersion": commit}
    return {
        "initiator": initiator,
        "environment": project["environment"] | {"environmentVariables": list(own.values())},
        **{key: value for key, value in versions.items() if value},
    }


def _commit(folder: Path) -> str:
    """Return the commit of a full clone; other sources tell none here."""
    if not (folder / ".git").exists():
        return ""
    command = ["git", "-C", str(folder), "rev-parse", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


# Of StartBuild; whatever else it may be told is refused rather than ignored.
IMITATED = {
    "projectName",
    "environmentVariablesOverride",
    "buildspecOverride",
    "timeoutInMinutesOverride",
    "sourceVersion",
    "sourceTypeOverride",
    "cacheOverride",
    "logsConfigOverride",
}
OVERRIDES = {
    "timeoutInMinutesOverride": "timeoutInMinutes",
    "cacheOverride": "cache",
    "logsConfigOverride": "logsConfig",
}
MINUTES = range(5, 2161)


def install() -> None:
    """Replace StartBuild, StopBuild and BatchDeleteBuilds; ministack's lists and queries read the same records."""
    codebuild.start_build.replace(answered(start_build))
    codebuild.stop_build.replace(answered(stop_build))
    codebuild.batch_delete_builds.replace(answered(batch_delete_builds))


def start_build(request: Record) -> Record:
    if unknown := sorted(request.keys() - IMITATED):
        raise RefusedError("InvalidInputException", f"{', '.join(unknown)}: not imitated here")
    try:
        project = projects.copy_of(request["projectName"])
    except LookupError as error:
        raise RefusedError("ResourceNotFoundException", str(error)) from error
    project |= {key: request[name] for name, key in OVERRIDES.items() if name in request}
    project["source"] = _source(project["source"], request)
    if project["timeoutInMinutes"] not in MINUTES:
        raise RefusedError("InvalidInputException", f"Invalid timeout {project['timeoutInMinutes']}: 5 to 2160 minutes")
    build_id = begin(
        project,
        None,
        variables=request.get("environmentVariablesOverride", ()),
        initiator=f"{get_account_id()}/user",
        version=request.get("sourceVersion", ""),
    )
    return {"build": described(build_id)}


def stop_build(request: Record) -> Record:
    try:
        stop(request["id"])
    except LookupError as error:
        raise RefusedError("ResourceNotFoundException", str(error)) from error
    return {"build": described(request["id"])}


def batch_delete_builds(request: Record) -> Record:
    """Delete builds that are over: the record of one that runs is what it writes to."""
    builds_by_id = {build_id: codebuild.builds.get(build_id) for build_id in request["ids"]}
    running = {
        build_id: "BUILD_IN_PROGRESS" if build else "NOT_FOUND"
        for build_id, build in builds_by_id.items()
        if not _over(build)
    }
    deleted = [build_id for build_id in builds_by_id if build_id not in running]
    for build_id in deleted:
        del codebuild.builds[build_id]
    kept = [{"id": build_id, "statusCode": code} for build_id, code in running.items()]
    return {"buildsDeleted": deleted, "buildsNotDeleted": kept}


def _over(build: Record | None) -> bool:
    return build is not None and bool(build["buildComplete"])


def _source(source: Record, request: Record) -> Record:
    """Return the source of a build that no pipeline starts: it has none, so its buildspec is in project or request."""
    chosen = source | {"type": request.get("sourceTypeOverride", source["type"])}
    chosen["buildspec"] = request.get("buildspecOverride", source.get("buildspec", ""))
    if chosen["type"] != "NO_SOURCE":
        refused = f"source type {chosen['type']}: without CodePipeline only NO_SOURCE is imitated here"
        raise RefusedError("InvalidInputException", refused)
    if not buildspec.is_inline(chosen["buildspec"]):
        raise RefusedError("InvalidInputException", "A buildspec is required for a build without a source")
    return chosen
