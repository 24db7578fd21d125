"""Pushes start executions.

https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-triggers.html
"""

import time
from typing import Any

import pytest

from local_aws.codepipeline import globs
from tests.local_aws.codepipeline.sample_pipelines import Monorepo, Pipelines, approval, source, stage
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
    found = pipelines.executions(pipelines.stack.name)
    return [one for one in found if one["trigger"]["triggerType"] == "WebhookV2"]


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
    found = pipelines.action(execution["pipelineExecutionId"], "Push")["output"]["outputVariables"]
    assert found["BranchName"] == "release/1"


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
    assert globs.matches(pattern, matching)
    assert not globs.matches(pattern, other)
