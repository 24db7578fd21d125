"""Pushes that start executions, and the glob patterns by which a trigger chooses branches and files.

https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-triggers.html,
pipelines-filter.html and syntax-glob.html
"""

import logging
import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from local_aws.codepipeline import pipelines, repositories
from local_aws.codepipeline.pipelines import Pipeline
from local_aws.codepipeline.repositories import Repository, RepositoryError
from local_aws.ministack_parts.answers import Record

_TOKEN = re.compile(r"\\.|\*\*|\*|\?|\[!?\]?[^\]]*\]|\{|\}|,|.", re.DOTALL)


def matches(pattern: str, text: str) -> bool:
    """Match a glob: `*` and `?` stay within a folder, `**` does not; `[...]`, `{a,b}` and `\\` are as in a shell."""
    return _compiled(pattern).fullmatch(text) is not None


def any_matches(patterns: Sequence[str], text: str) -> bool:
    return any(matches(pattern, text) for pattern in patterns)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(_translated(pattern)), re.DOTALL)


def _translated(pattern: str) -> Iterator[str]:
    groups = 0
    for sign in _TOKEN.findall(pattern):
        if sign == "{":
            groups += 1
        elif sign == "}":
            groups -= 1
        yield _part(sign, in_group=groups > 0)


def _part(sign: str, *, in_group: bool) -> str:
    simple = {"**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")", ",": "|" if in_group else ","}
    if sign in simple:
        return simple[sign]
    if sign.startswith("[") and len(sign) > 2:
        return _set(sign[1:-1])
    return re.escape(sign[1:] if len(sign) == 2 and sign.startswith("\\") else sign)


def _set(members: str) -> str:
    """Translate a set: in brackets `*`, `?` and `\\` stand for themselves, and no set crosses folders."""
    negated = "^" if members.startswith("!") else ""
    inner = members[1:] if negated else members
    return f"(?!/)[{negated}{inner.translate(_ESCAPED)}]"


_ESCAPED = str.maketrans({"\\": r"\\", "[": r"\[", "]": r"\]", "^": r"\^"})


_LOOK_EVERY = 0.5  # wall-clock seconds
_log = logging.getLogger("local_aws.codepipeline")
_stopped = threading.Event()
_threads: list[threading.Thread] = []
_known: dict[tuple[Pipeline, str, Path], dict[str, str]] = {}  # pipeline, action, repository -> branch -> commit


@dataclass(frozen=True)
class Push:
    """New commits of a branch; `former` is the commit before them, empty for a new branch."""

    branch: str
    former: str
    commit: str


def start() -> None:
    """Look for pushes twice a second from now on; all commits since the last look are one push."""
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
        former_heads = _known.get(key, repository.heads_at_connection)
        for push in _pushes(former_heads, heads):
            if _wanted(pipeline, action, repository, push):
                _begin(pipeline, action, push)
        _known[key] = heads
    except (RepositoryError, OSError, subprocess.SubprocessError):
        _log.exception("%s: the repository of %s", pipeline.name, action["name"])


def _pushes(former_heads: dict[str, str], heads: dict[str, str]) -> Iterator[Push]:
    for branch, commit in heads.items():
        if former_heads.get(branch) != commit:
            yield Push(branch, former_heads.get(branch, ""), commit)


def _begin(pipeline: Pipeline, action: Record, push: Push) -> None:
    """Begin an execution with exactly this commit; the other sources take the newest."""
    trigger = {"triggerType": "WebhookV2", "triggerDetail": f"{push.branch} {push.commit}"}
    name = action["name"]
    pipeline.begin_by_itself(trigger, commits={name: push.commit}, branches={name: push.branch})


def _wanted(pipeline: Pipeline, action: Record, repository: Repository, push: Push) -> bool:
    """Say whether the push starts the pipeline; its triggers, if it has any, replace the detection of changes."""
    triggers = [trigger["gitConfiguration"] for trigger in pipeline.declared.get("triggers", [])]
    own = push.branch == action["configuration"]["BranchName"]
    if not triggers:
        return own and str(action["configuration"].get("DetectChanges", "true")) == "true"
    mine = [trigger for trigger in triggers if trigger["sourceActionName"] == action["name"]]
    filters = [criteria for trigger in mine for criteria in trigger.get("push", [])]
    if any(not trigger.get("push") for trigger in mine) and own:
        return True
    return any(_meets(criteria, repository, push) for criteria in filters)


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
