"""The actions on builds, over those that really run.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html
"""

from local_aws.codebuild import builds, buildspec_text, projects
from local_aws.ministack_parts.answers import Record, RefusedError, answered
from local_aws.ministack_parts.responses import get_account_id
from local_aws.ministack_parts.services import codebuild

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
    """Replaces StartBuild, StopBuild and BatchDeleteBuilds; ministack's lists and queries read the same records."""
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
    build_id = builds.begin(
        project,
        None,
        variables=request.get("environmentVariablesOverride", ()),
        initiator=f"{get_account_id()}/user",
        version=request.get("sourceVersion", ""),
    )
    return {"build": builds.described(build_id)}


def stop_build(request: Record) -> Record:
    try:
        builds.stop(request["id"])
    except LookupError as error:
        raise RefusedError("ResourceNotFoundException", str(error)) from error
    return {"build": builds.described(request["id"])}


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
    said = source | {"type": request.get("sourceTypeOverride", source["type"])}
    said["buildspec"] = request.get("buildspecOverride", source.get("buildspec", ""))
    if said["type"] != "NO_SOURCE":
        refused = f"source type {said['type']}: without CodePipeline only NO_SOURCE is imitated here"
        raise RefusedError("InvalidInputException", refused)
    if not buildspec_text.is_inline(said["buildspec"]):
        raise RefusedError("InvalidInputException", "A buildspec is required for a build without a source")
    return said
