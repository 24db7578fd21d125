"""Sources and builds, and the artifacts and variables that they leave.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference.html
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from local_aws.codepipeline import archives, repositories
from tests.local_aws.codebuild.sample_builds import Builds, spec
from tests.local_aws.codepipeline.sample_pipelines import (
    CONNECTION,
    Monorepo,
    Pipelines,
    approval,
    build,
    function,
    source,
    stage,
)

HookFactory = Callable[[str], str]


def test_a_source_leaves_the_commits_tree_and_its_variables(pipelines: Pipelines) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodestarConnectionSource.html"""
    commit = pipelines.repository.commit("client/page.tsx", message="A page")
    pipelines.create(stage("Ask", approval()))
    execution = pipelines.start()
    pipelines.waits(execution, "Ask")
    found = pipelines.action(execution, "Push")["output"]["outputVariables"]
    assert found.pop("AuthorDate").endswith("Z")
    assert found == {
        "BranchName": "main",
        "CommitId": commit,
        "CommitMessage": "A page",
        "ConnectionArn": CONNECTION,
        "FullRepositoryName": pipelines.repository.name,
    }
    assert {"README.md", "client/page.tsx"} <= set(pipelines.artifact(execution, "Push").namelist())
    key = pipelines.action(execution, "Push")["output"]["outputArtifacts"][0]["s3location"]["key"]
    assert key.startswith(f"{pipelines.stack.name[:20]}/Source/")


def test_a_full_clone_has_the_history(pipelines: Pipelines, tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/tutorials-github-gitclone.html"""
    former = pipelines.repository.git("rev-parse", "HEAD")
    commit = pipelines.repository.commit("client/page.tsx")
    clone = source(pipelines.repository, OutputArtifactFormat="CODEBUILD_CLONE_REF")
    pipelines.create(stage("Ask", approval()), source=[clone])
    execution = pipelines.start()
    pipelines.waits(execution, "Ask")
    archive = pipelines.artifact(execution, "Push")
    folder = tmp_path / "clone"
    folder.mkdir()
    assert archive.fp is not None
    archive.fp.seek(0)
    archives.unpack(archive.fp.read(), folder)
    assert repositories.git(folder, "log", "--format=%H").split() == [commit, former]


def test_a_repository_that_is_not_connected_fails_its_action(pipelines: Pipelines, tmp_path: Path) -> None:
    pipelines.repository.name = "exchange/nobodys"
    pipelines.create(stage("Ask", approval()))
    execution = pipelines.start()
    assert pipelines.ended(execution) == "Failed"
    assert "no repository is connected as exchange/nobodys" in pipelines.error(execution, "Push")


def test_a_build_gets_sources_and_variables_and_leaves_variables_and_artifacts(
    pipelines: Pipelines, builds: Builds, tmp_path: Path
) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeBuild.html"""
    commands = Monorepo(tmp_path / "commands")
    commands.commit("make.txt")
    buildspec = spec(
        "test -f make.txt && test -f $CODEBUILD_SRC_DIR_Source/README.md",
        "export DIGEST=sha256:$VERSION-$SECRET-$PARAMETER",
        "echo kept > release.json",
        env={"exported-variables": ["DIGEST"]},
        artifacts={"files": ["release.json"]},
    )
    asked = {"PrimarySource": "Commands", "EnvironmentVariables": json.dumps(variables_of(pipelines))}
    doing = build(
        builds.project(buildspec, source="CODEPIPELINE"),
        inputs=("Commands", "Source"),
        configuration=asked,
        Namespace="Image",
        OutputArtifacts=[{"Name": "Image"}],
    )
    sources = [source(pipelines.repository), source(commands, "Fetch", artifact="Commands")]
    pipelines.create(stage("Build", doing), source=sources)
    execution = pipelines.start()
    assert pipelines.ended(execution) == "Succeeded", pipelines.actions(execution)
    made = pipelines.action(execution, "Build")["output"]
    assert made["outputVariables"] == {"DIGEST": "sha256:main-hidden-stored"}
    assert pipelines.artifact(execution, "Build").read("release.json") == b"kept\n"


def variables_of(pipelines: Pipelines) -> list[dict[str, str]]:
    """One of each type."""
    secret, parameter = f"{pipelines.stack.name}-secret", f"/{pipelines.stack.name}/parameter"
    pipelines.aws.client("secretsmanager").create_secret(Name=secret, SecretString="hidden")
    pipelines.aws.client("ssm").put_parameter(Name=parameter, Value="stored", Type="String")
    return [
        {"name": "VERSION", "value": "#{Push.BranchName}"},
        {"name": "SECRET", "value": secret, "type": "SECRETS_MANAGER"},
        {"name": "PARAMETER", "value": parameter, "type": "PARAMETER_STORE"},
    ]


def test_a_failed_build_fails_its_action_with_the_command(pipelines: Pipelines, builds: Builds) -> None:
    pipelines.create(stage("Verify", build(builds.project(spec("exit 3"), source="CODEPIPELINE"))))
    execution = pipelines.start()
    assert pipelines.ended(execution) == "Failed"
    message = pipelines.error(execution, "Build")
    assert message.startswith("Build terminated with state: FAILED")
    assert "exit 3" in message


def test_a_full_clone_is_refused_to_all_but_builds(pipelines: Pipelines, hook: HookFactory) -> None:
    clone = source(pipelines.repository, OutputArtifactFormat="CODEBUILD_CLONE_REF")
    asked = function(hook("return 1"), InputArtifacts=[{"Name": "Source"}])
    with pytest.raises(AssertionError, match="full clone Source can only be used by CodeBuild"):
        pipelines.create(stage("Only", asked), source=[clone])
