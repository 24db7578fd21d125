"""Pushes that start executions.

https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-triggers.html and pipelines-filter.html
"""

import logging
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_aws.codepipeline import pipelines, repositories
from local_aws.codepipeline.globs import any_matches
from local_aws.codepipeline.pipelines import Pipeline
from local_aws.codepipeline.repositories import Repository, RepositoryError

Record = dict[str, Any]
_LOOK_EVERY = 0.5  # wall-clock seconds
_log = logging.getLogger("local_aws.codepipeline")
_stopped = threading.Event()
_threads: list[threading.Thread] = []
_known: dict[tuple[Pipeline, str, Path], dict[str, str]] = {}  # pipeline, action, repository -> branch -> commit


@dataclass(frozen=True)
class Push:
    """`former` is empty for a new branch."""

    branch: str
    former: str
    commit: str


def start() -> None:
    """Looks about twice a second: whatever came meanwhile is one push."""
    _known.clear()
    _stopped.clear()
    _threads[:] = [threading.Thread(target=_watch, daemon=True, name="code-pipeline-pushes")]
    _threads[0].start()


def stop() -> None:
    _stopped.set()
    while _threads:
        _threads.pop().join()


def remember(pipeline: Pipeline) -> None:
    """Take what is there when a pipeline comes into being, or changes, as known: it is no push."""
    for action, repository in _sources(pipeline):
        _known.setdefault((pipeline, action["name"], repository.path), repository.heads())


def _watch() -> None:
    while not _stopped.wait(_LOOK_EVERY):
        for pipeline in pipelines.every():
            for action, repository in _sources(pipeline):
                _look(pipeline, action, repository)


def _look(pipeline: Pipeline, action: Record, repository: Repository) -> None:
    """Start executions for new commits; a repository that cannot be read just now is read again at the next look."""
    key = (pipeline, action["name"], repository.path)
    try:
        heads = repository.heads()
        known = _known.get(key, repository.heads_at_connection)
        for push in _pushes(known, heads):
            if _wanted(pipeline, action, repository, push):
                _begin(pipeline, action, push)
        _known[key] = heads
    except (RepositoryError, OSError, subprocess.SubprocessError):
        _log.exception("%s: the repository of %s", pipeline.name, action["name"])


def _pushes(known: dict[str, str], heads: dict[str, str]) -> Iterator[Push]:
    for branch, commit in heads.items():
        if known.get(branch) != commit:
            yield Push(branch, known.get(branch, ""), commit)


def _begin(pipeline: Pipeline, action: Record, push: Push) -> None:
    """Begin an execution with exactly this commit; the other sources take the newest."""
    trigger = {"triggerType": "WebhookV2", "triggerDetail": f"{push.branch} {push.commit}"}
    name = action["name"]
    pipeline.begin_by_itself(trigger, commits={name: push.commit}, branches={name: push.branch})


def _wanted(pipeline: Pipeline, action: Record, repository: Repository, push: Push) -> bool:
    """Say whether the push starts the pipeline; its triggers, if it has any, replace the detection of changes."""
    triggers = [one["gitConfiguration"] for one in pipeline.declared.get("triggers", [])]
    own = push.branch == action["configuration"]["BranchName"]
    if not triggers:
        return own and str(action["configuration"].get("DetectChanges", "true")) == "true"
    mine = [one for one in triggers if one["sourceActionName"] == action["name"]]
    filters = [one for trigger in mine for one in trigger.get("push", [])]
    if any(not trigger.get("push") for trigger in mine) and own:
        return True
    return any(_meets(one, repository, push) for one in filters)


def _meets(criteria: Record, repository: Repository, push: Push) -> bool:
    """Say whether a push meets a filter: excludes have precedence, and a new branch has no files that differ."""
    if not _chosen(criteria["branches"], push.branch):
        return False
    if "filePaths" not in criteria or not push.former:
        return True
    return any(_chosen(criteria["filePaths"], file) for file in repository.changed(push.former, push.commit))


def _chosen(patterns: Record, text: str) -> bool:
    included = "includes" not in patterns or any_matches(patterns["includes"], text)
    return included and not any_matches(patterns.get("excludes", []), text)


def _sources(pipeline: Pipeline) -> Iterator[tuple[Record, Repository]]:
    """Yield the source actions whose repository is connected."""
    for action in pipeline.declared["stages"][0]["actions"]:
        if repository := repositories.find(action["configuration"]["FullRepositoryId"]):
            yield action, repository
