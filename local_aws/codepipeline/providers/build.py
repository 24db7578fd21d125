"""CodeBuild: a build by the local CodeBuild.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeBuild.html
"""

import json
from collections.abc import Mapping
from pathlib import Path

from local_aws.codebuild import builds
from local_aws.codepipeline import artifacts
from local_aws.codepipeline.runs import FailedError, Run
from local_aws.ministack_parts.answers import Record

_LOOK_EVERY = 0.2  # wall-clock seconds: a build takes the time that it takes


def work(run: Run) -> None:
    """Run a build; one that goes on after its action was abandoned keeps its sources until the local AWS ends."""
    folders = {name: artifacts.unpacked(location) for name, location in run.inputs.items()}
    build = _started(run, folders)
    run.external_id = build
    while (described := builds.described(build))["buildStatus"] == "IN_PROGRESS":
        run.pause(_LOOK_EVERY)
    for folder in folders.values():
        artifacts.discard(folder)
    if described["buildStatus"] != "SUCCEEDED":
        raise FailedError(f"Build terminated with state: {described['buildStatus']}{_reasons(described)}")
    exported = described.get("exportedEnvironmentVariables", [])
    run.variables = {variable["name"]: variable["value"] for variable in exported}
    _keep(run, builds.artifacts(build))


def _started(run: Run, folders: Mapping[str, Path]) -> str:
    project, primary = run.configuration["ProjectName"], run.configuration.get("PrimarySource") or next(iter(folders))
    secondary = {name: folder for name, folder in folders.items() if name != primary}
    try:
        return builds.start(
            project,
            builds.Sources(primary=folders[primary], secondary=secondary),
            variables=json.loads(run.configuration.get("EnvironmentVariables", "[]")),
            initiator=f"codepipeline/{run.execution.pipeline.name}",
        )
    except LookupError as error:
        raise FailedError(f"the project {project} cannot be built: {error}", "ConfigurationError") from error


def _reasons(build: Record) -> str:
    contexts = [context for phase in build.get("phases", []) for context in phase.get("contexts", [])]
    messages = [context["message"] for context in contexts if context.get("message")]
    return "".join(f"; {message}" for message in messages)


def _keep(run: Run, made: Mapping[str, Path]) -> None:
    """Store the build's artifacts: one may be the primary one, of several each is named in the buildspec."""
    pipeline = run.execution.pipeline
    wanted = [artifact["name"] for artifact in run.declared.get("outputArtifacts", [])]
    for name in wanted:
        folder = made.get(name) or (made.get("") if len(wanted) == 1 else None)
        if folder is None:
            there = ", ".join(artifact or "the primary one" for artifact in made) or "none"
            raise FailedError(f"the build left no artifact {name}; it left: {there}")
        location = artifacts.reserve(pipeline.name, pipeline.store, name)
        artifacts.put(location, artifacts.packed(folder), pipeline.store)
        run.outputs[name] = location
