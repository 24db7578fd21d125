"""CodeStarSourceConnection: a commit of a connected repository.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodestarConnectionSource.html
"""

from pathlib import Path

from local_aws.codepipeline import artifacts, repositories
from local_aws.codepipeline.repositories import Repository, RepositoryError, git, git_bytes
from local_aws.codepipeline.runs import FailedError, Run

FULL_CLONE = "CODEBUILD_CLONE_REF"


def work(run: Run) -> None:
    """Take the commit that was pushed or asked for, else the branch's newest."""
    execution, name = run.execution, run.configuration["FullRepositoryId"]
    repository = repositories.find(name)
    if repository is None:
        raise FailedError(f"no repository is connected as {name}: repositories.connect({name!r}, its folder)")
    branch = execution.start.branches.get(run.name, run.configuration["BranchName"])
    try:
        commit = repository.commit(execution.start.commits.get(run.name, f"{repositories.HEADS}/{branch}"))
        run.variables = _variables(run, repository, branch, commit)
        archive = _archive(repository, commit, full=run.configuration.get("OutputArtifactFormat") == FULL_CLONE)
    except RepositoryError as error:
        raise FailedError(f"branch {branch} of {name}: {error}", "RevisionUnavailable") from error
    for artifact in run.declared["outputArtifacts"]:
        location = artifacts.reserve(execution.pipeline.name, execution.pipeline.store, artifact["name"])
        artifacts.put(location, archive, execution.pipeline.store)
        run.outputs[artifact["name"]] = location
    run.external_id = commit
    run.say(run.variables["CommitMessage"] or commit)
    execution.revisions[run.name] = {"revisionId": commit, "revisionSummary": run.summary}


def _variables(run: Run, repository: Repository, branch: str, commit: str) -> dict[str, str]:
    date = git(repository.path, "show", "--no-patch", "--date=format-local:%Y-%m-%dT%H:%M:%SZ", "--format=%ad", commit)
    message = git(repository.path, "show", "--no-patch", "--format=%B", commit)
    return {
        "AuthorDate": date.strip(),
        "BranchName": branch,
        "CommitId": commit,
        "CommitMessage": message.strip(),
        "ConnectionArn": run.configuration["ConnectionArn"],
        "FullRepositoryName": run.configuration["FullRepositoryId"],
    }


def _archive(repository: Repository, commit: str, *, full: bool) -> bytes:
    """Return the commit's tree, or a full clone, which CodePipeline would leave as a reference for CodeBuild."""
    if not full:
        return git_bytes(repository.path, "archive", "--format=zip", commit)
    folder = artifacts.new_folder()
    try:
        _clone(repository, commit, folder)
        return artifacts.packed(folder)
    finally:
        artifacts.discard(folder)


def _clone(repository: Repository, commit: str, folder: Path) -> None:
    git(folder, "clone", "--quiet", "--no-hardlinks", "--no-checkout", str(repository.path), ".")
    git(folder, "checkout", "--quiet", "--detach", commit)
