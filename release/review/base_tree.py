"""The tree of the base, beside the present one for as long as it is needed: a temporary `git worktree`.

https://git-scm.com/docs/git-worktree
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from release.review.errors import DiffError
from release.termination import terminated_as_interrupted


@contextmanager
def base_tree(root: Path, base: str) -> Iterator[Path]:
    """The folder that is `root` in the commit that `base` names; gone afterwards, whatever happened in between."""
    commit = commit_of(root, base)
    inside = _git(root, "rev-parse", "--show-prefix")
    with terminated_as_interrupted(), TemporaryDirectory(prefix="exchange-diff-") as folder:
        tree = Path(folder, "base")
        try:
            _git(root, "worktree", "add", "--detach", "--quiet", str(tree), commit)
            yield tree / inside
        finally:
            _remove(root, tree)


def commit_of(root: Path, base: str) -> str:
    """The commit that a branch, tag or hash names; DiffError tells what there is no such thing."""
    if not base or base.startswith("-"):
        raise DiffError(f"{base!r} names no commit: --base takes a branch, a tag or a hash, such as origin/main")
    _git(root, "rev-parse", "--git-dir")
    try:
        return _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{base}^{{commit}}")
    except DiffError as error:
        hint = "fetch it, or name another; in GitHub Actions, check out with fetch-depth 2 or more"
        raise DiffError(f"there is no commit {base!r} in {root}: {hint}") from error


def _remove(root: Path, tree: Path) -> None:
    """Also when it was added half; a folder that git does not know is the temporary folder's to delete."""
    git = ("git", "-C", str(root), "worktree")
    subprocess.run([*git, "remove", "--force", str(tree)], capture_output=True, check=False)  # noqa: S603
    if tree.exists():
        return
    subprocess.run([*git, "prune"], capture_output=True, check=False)  # noqa: S603


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(root), "-c", "core.hooksPath=/dev/null", *arguments],  # noqa: S607 - the caller's git
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise DiffError("git is not installed, or not on the PATH: the base is taken from git") from error
    if done.returncode:
        said = done.stderr.strip() or f"exit code {done.returncode}"
        raise DiffError(f"git {arguments[0]} in {root} failed: {said}")
    return done.stdout.strip()
