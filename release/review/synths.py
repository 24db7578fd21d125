"""Synthesizes the base's tree and the present one, side by side and by the present tools.

The base's tree is there for as long as it is needed, as a temporary `git worktree`: https://git-scm.com/docs/git-worktree
Rules that judge templates (cdk-nag, the schema's) are `make check`'s business and off here: they change no template.
"""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from release.command_line import environment_with_tools, terminated_as_interrupted
from release.review.changes import DiffError, Json

_STACK = "aws:cloudformation:stack"
_PINS = ("pyproject.toml", "requirements.txt", "constraints.txt", "package.json", "package-lock.json")


@dataclass(frozen=True)
class Assembly:
    """Holds templates by the name of their stack; none where an environment is not there."""

    templates: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Synths:
    """Holds both syntheses; `notes` says what a reader must know of how the two came about."""

    base: Assembly
    head: Assembly
    notes: tuple[str, ...]


def synthesize(root: Path, base: str, environment: str) -> Synths:
    """Synthesize the project at `root` and its base; an environment that the base does not have has no stacks there."""
    with base_tree(root, base) as tree, TemporaryDirectory(prefix="exchange-synths-") as out:
        notes = [*_changed_pins(root, tree)]
        trees = {"base": tree, "head": root}
        if not (tree / "config" / f"{environment}.toml").is_file():
            notes.append(f"the base has no config/{environment}.toml: every stack is new")
            del trees["base"]
        assemblies = _side_by_side(trees, environment, root, Path(out), base)
    return Synths(assemblies.get("base", Assembly()), assemblies["head"], tuple(notes))


def synthesize_into(root: Path, environment: str, out: Path) -> Assembly:
    """Synthesize the present tree alone, into a folder that stays."""
    with _ended_with_us() as started:
        return _run(Synth("the present tree", root, environment, out, root), started)


def read_assembly(folder: Path) -> Assembly:
    """Read the folder that `cdk synth --output` was given, in the order in which its stacks are deployed.

    https://docs.aws.amazon.com/cdk/v2/guide/deploy.html#deploy-how-synth-assemblies
    """
    manifest = folder / "manifest.json"
    try:
        artifacts = json.loads(manifest.read_text(encoding="utf-8"))["artifacts"]
        stacks = {id_: artifact for id_, artifact in artifacts.items() if artifact["type"] == _STACK}
        names = {id_: stack["properties"].get("stackName", id_) for id_, stack in stacks.items()}
        return Assembly({names[id_]: _template(folder, stacks[id_]) for id_ in _in_order(stacks)})
    except (OSError, ValueError, KeyError) as error:
        raise DiffError(f"{manifest}: not what `cdk synth` writes ({error!r})") from error


def _template(folder: Path, stack: Json) -> Json:
    file = folder / stack["properties"]["templateFile"]
    template: Json = json.loads(file.read_text(encoding="utf-8"))
    return template


def _in_order(stacks: Mapping[str, Json]) -> Iterator[str]:
    """Put each stack after those that it depends on, else in the order in which the application makes them."""
    done: dict[str, None] = {}

    def visit(id_: str) -> None:
        if id_ in done or id_ not in stacks:
            return
        for other in stacks[id_].get("dependencies", []):
            visit(other)
        done[id_] = None

    for id_ in stacks:
        visit(id_)
    return iter(done)


@contextmanager
def base_tree(root: Path, base: str) -> Iterator[Path]:
    """Give the folder that is `root` in the commit that `base` names; it is gone afterwards, whatever happens."""
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
    """Return the commit that a branch, tag or hash names; raises DiffError where it names none."""
    if not base or base.startswith("-"):
        raise DiffError(f"{base!r} names no commit: --base takes a branch, a tag or a hash, such as origin/main")
    _git(root, "rev-parse", "--git-dir")
    try:
        return _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{base}^{{commit}}")
    except DiffError as error:
        hint = "fetch it, or name another; in GitHub Actions, check out with fetch-depth 2 or more"
        raise DiffError(f"there is no commit {base!r} in {root}: {hint}") from error


def _remove(root: Path, tree: Path) -> None:
    """Remove the worktree, also a half-added one; a folder unknown to git goes with the temporary folder."""
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
        reason = done.stderr.strip() or f"exit code {done.returncode}"
        raise DiffError(f"git {arguments[0]} in {root} failed: {reason}")
    return done.stdout.strip()


def _changed_pins(root: Path, tree: Path) -> Iterator[str]:
    changed = [name for name in _PINS if _read(root / name) != _read(tree / name)]
    if changed:
        yield f"not as in the base, which was synthesized with the present tools all the same: {', '.join(changed)}"


def _read(file: Path) -> bytes:
    return file.read_bytes() if file.is_file() else b""


def _side_by_side(trees: Mapping[str, Path], environment: str, root: Path, out: Path, base: str) -> dict[str, Assembly]:
    """Synthesize in two processes: the second takes no time of its own where there is a second processor."""
    titles = {"base": f"the base {base}", "head": "the present tree"}
    with ThreadPoolExecutor(max_workers=len(trees)) as pool, _ended_with_us() as started:
        running = {
            side: pool.submit(_run, Synth(titles[side], tree, environment, out / side, root), started)
            for side, tree in trees.items()
        }
        return {side: future.result() for side, future in running.items()}


@dataclass(frozen=True)
class Synth:
    """Describes one run of `cdk synth`: of which tree, into which folder, with whose tools."""

    title: str
    tree: Path
    environment: str
    out: Path
    root: Path

    @property
    def command(self) -> Sequence[str]:
        quiet = ("--quiet", "--no-notices", "--no-version-reporting")
        return ("cdk", "synth", *quiet, "-c", f"environment={self.environment}", "--output", str(self.out))

    @property
    def variables(self) -> Mapping[str, str]:
        """Return the environment of this Python and this CLI, in which the tree imports its own packages.

        Without PYTHONPATH they would be those of the project that is installed, which is another tree for the base.
        """
        roots = (self.tree, self.tree / "constructs", self.tree / "lambda")
        return {**environment_with_tools(self.root), "PYTHONPATH": os.pathsep.join(map(str, roots))}


def _run(synth: Synth, started: list["subprocess.Popen[str]"]) -> Assembly:
    try:
        process = subprocess.Popen(  # noqa: S603
            synth.command,
            cwd=synth.tree,
            env=synth.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    except OSError as error:
        raise DiffError(f"the CDK CLI does not run ({error}): `make setup` installs it") from error
    started.append(process)
    output, _ = process.communicate()
    if process.returncode:
        raise DiffError(f"{synth.title} does not synthesize ({synth.environment}):\n{output.strip()[-2000:]}")
    return read_assembly(synth.out)


@contextmanager
def _ended_with_us() -> Iterator[list["subprocess.Popen[str]"]]:
    """End every synth that still runs: none outlives the command that started it."""
    started: list[subprocess.Popen[str]] = []
    try:
        yield started
    finally:
        for process in started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)  # the application is a child of the CLI
