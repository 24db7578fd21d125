"""Pushes start executions; sources and builds leave artifacts and variables.

https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-triggers.html and action-reference.html
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local_aws.codepipeline import artifacts, repositories, triggers
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
from tests.local_aws.ecs.sample_services import wait_for

Record = dict[str, Any]
TWO_LOOKS = 1.2


def trigger(*push: Record) -> list[Record]:
    """Of the action Push; no filter means its own branch."""
    configuration: Record = {"SourceActionName": "Push"} | ({"Push": list(push)} if push else {})
    return [{"ProviderType": "CodeStarSourceConnection", "GitConfiguration": configuration}]


def pushed(branch: str = "main", **paths: Any) -> Record:
    return {"Branches": {"Includes": [branch]}} | ({"FilePaths": paths} if paths else {})


def triggered(pipelines: Pipelines) -> list[Record]:
    executions = pipelines.executions(pipelines.stack.name)
    return [execution for execution in executions if execution["trigger"]["triggerType"] == "WebhookV2"]


def test_a_push_starts_an_execution_with_its_commit(pipelines: Pipelines) -> None:
    pipelines.create(stage("Ask", approval()), Triggers=trigger(pushed()))
    commit = pipelines.repository.commit("client/page.tsx")
    (execution,) = wait_for(lambda: triggered(pipelines), bool)
    identity = execution["pipelineExecutionId"]
    pipelines.waits(identity, "Ask")
    assert pipelines.action(identity, "Push")["output"]["outputVariables"]["CommitId"] == commit
    time.sleep(TWO_LOOKS)
    assert len(triggered(pipelines)) == 1


@pytest.mark.parametrize(
    ("paths", "files", "starts"),
    [
        ({"Excludes": ["docs/**"]}, ["docs/a.md"], False),
        ({"Excludes": ["docs/**"]}, ["docs/a.md", "client/a.ts"], True),
        ({"Includes": ["client/**"]}, ["engine/A.java"], False),
        ({"Includes": ["client/**"]}, ["client/src/a.ts"], True),
        ({"Includes": ["client/**"], "Excludes": ["client/*.md"]}, ["client/a.md"], False),
    ],
)
def test_file_paths_filter_pushes(pipelines: Pipelines, paths: Record, files: list[str], starts: bool) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-filter.html"""
    pipelines.create(stage("Ask", approval()), Triggers=trigger(pushed(**paths)))
    pipelines.repository.commit(*files)
    if starts:
        wait_for(lambda: triggered(pipelines), bool)
        return
    time.sleep(TWO_LOOKS)
    assert triggered(pipelines) == []


def test_a_push_to_another_branch_is_released_from_there_if_the_filter_says_so(pipelines: Pipelines) -> None:
    pipelines.create(stage("Ask", approval()), Triggers=trigger(pushed("release/*")))
    pipelines.repository.commit("a")
    pipelines.repository.git("checkout", "--quiet", "-b", "release/1")
    pipelines.repository.commit("b")
    (execution,) = wait_for(lambda: triggered(pipelines), bool)
    pipelines.waits(execution["pipelineExecutionId"], "Ask")
    variables = pipelines.action(execution["pipelineExecutionId"], "Push")["output"]["outputVariables"]
    assert variables["BranchName"] == "release/1"


def test_triggers_turn_the_detection_of_changes_off(pipelines: Pipelines, tmp_path: Any) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineDeclaration.html (triggers)"""
    other = Monorepo(tmp_path / "other")
    sources = [source(pipelines.repository), source(other, "Other", artifact="Other", DetectChanges="true")]
    pipelines.create(stage("Ask", approval()), source=sources, Triggers=trigger(pushed()))
    other.commit("a")
    time.sleep(TWO_LOOKS)
    assert triggered(pipelines) == []


@pytest.mark.parametrize(("detects", "starts"), [("true", True), ("false", False)])
def test_without_triggers_a_source_may_detect_changes(pipelines: Pipelines, detects: str, starts: bool) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodestarConnectionSource.html"""
    pipelines.create(stage("Ask", approval()), source=[source(pipelines.repository, DetectChanges=detects)])
    pipelines.repository.commit("a")
    time.sleep(TWO_LOOKS)
    assert len(triggered(pipelines)) == int(starts)


def test_a_commit_may_be_asked_for_by_hand(pipelines: Pipelines) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_SourceRevisionOverride.html"""
    former = pipelines.repository.git("rev-parse", "HEAD")
    pipelines.repository.commit("a")
    pipelines.create(stage("Ask", approval()))
    revision = {"actionName": "Push", "revisionType": "COMMIT_ID", "revisionValue": former}
    execution = pipelines.start(sourceRevisions=[revision])
    pipelines.waits(execution, "Ask")
    assert pipelines.action(execution, "Push")["output"]["outputVariables"]["CommitId"] == former


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("*.md", "a.md", "docs/a.md"),
        ("**.md", "docs/a.md", "docs/a.txt"),
        ("docs/**", "docs/a/b.md", "doc/a.md"),
        ("docs/*", "docs/a.md", "docs/a/b.md"),
        ("**/LICENSE", "client/LICENSE", "LICENSE"),
        ("*.{ts,tsx}", "a.tsx", "a.js"),
        ("a.?", "a.b", "a."),
        ("[!a-c].txt", "d.txt", "b.txt"),
        ("\\*.md", "*.md", "a.md"),
    ],
)
def test_patterns_are_read_as_documented(pattern: str, matching: str, other: str) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/syntax-glob.html"""
    assert triggers.matches(pattern, matching)
    assert not triggers.matches(pattern, other)


HookFactory = Callable[[str], str]


def test_a_source_leaves_the_commits_tree_and_its_variables(pipelines: Pipelines) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodestarConnectionSource.html"""
    commit = pipelines.repository.commit("client/page.tsx", message="A page")
    pipelines.create(stage("Ask", approval()))
    execution = pipelines.start()
    pipelines.waits(execution, "Ask")
    variables = pipelines.action(execution, "Push")["output"]["outputVariables"]
    assert variables.pop("AuthorDate").endswith("Z")
    assert variables == {
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
    artifacts.unpack(archive.fp.read(), folder)
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
    configuration = {"PrimarySource": "Commands", "EnvironmentVariables": json.dumps(variables_of(pipelines))}
    doing = build(
        builds.project(buildspec, source="CODEPIPELINE"),
        inputs=("Commands", "Source"),
        configuration=configuration,
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
    declared = function(hook("return 1"), InputArtifacts=[{"Name": "Source"}])
    with pytest.raises(AssertionError, match="full clone Source can only be used by CodeBuild"):
        pipelines.create(stage("Only", declared), source=[clone])
