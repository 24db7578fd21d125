"""Both syntheses, side by side: the base's tree and the present one, by the present tools.

Rules that judge templates (cdk-nag, the schema's) are `make check`'s business and off here: they change no template.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from release.review.assembly import Assembly, read_assembly
from release.review.base_tree import base_tree
from release.review.errors import DiffError

_PINS = ("pyproject.toml", "requirements.txt", "constraints.txt", "package.json", "package-lock.json")
_TOOLS_OFF = {"CDK_VALIDATION": "false", "EXCHANGE_NAG": "false", "CDK_DISABLE_CLI_TELEMETRY": "true"}


@dataclass(frozen=True)
class Synths:
    """`notes` says what a reader must know of how the two came about."""

    base: Assembly
    head: Assembly
    notes: tuple[str, ...]


def synthesize(root: Path, base: str, environment: str) -> Synths:
    """Of the project at `root`. An environment that the base does not have yet has no stacks there."""
    with base_tree(root, base) as tree, TemporaryDirectory(prefix="exchange-synths-") as out:
        notes = [*_other_pins(root, tree)]
        trees = {"base": tree, "head": root}
        if not (tree / "config" / f"{environment}.toml").is_file():
            notes.append(f"the base has no config/{environment}.toml: every stack is new")
            del trees["base"]
        found = _side_by_side(trees, environment, root, Path(out), base)
    return Synths(found.get("base", Assembly()), found["head"], tuple(notes))


def synthesize_into(root: Path, environment: str, out: Path) -> Assembly:
    """The present tree alone, into a folder that stays."""
    with _ended_with_us() as started:
        return _synth(Synth("the present tree", root, environment, out, root), started)


def tools_of(root: Path) -> Mapping[str, str]:
    """Return an environment in which `cdk` is the CLI of the project at `root`, and Python this one."""
    tools = (str(Path(sys.executable).parent), str(root / "node_modules" / ".bin"))
    return {**os.environ, **_TOOLS_OFF, "PATH": os.pathsep.join([*tools, os.environ.get("PATH", "")])}


def _other_pins(root: Path, tree: Path) -> Iterator[str]:
    changed = [name for name in _PINS if _read(root / name) != _read(tree / name)]
    if changed:
        yield f"not as in the base, which was synthesized with the present tools all the same: {', '.join(changed)}"


def _read(file: Path) -> bytes:
    return file.read_bytes() if file.is_file() else b""


def _side_by_side(trees: Mapping[str, Path], environment: str, root: Path, out: Path, base: str) -> dict[str, Assembly]:
    """A second process does not take a second's time of its own where there is a second processor."""
    titles = {"base": f"the base {base}", "head": "the present tree"}
    with ThreadPoolExecutor(max_workers=len(trees)) as pool, _ended_with_us() as started:
        running = {
            side: pool.submit(_synth, Synth(titles[side], tree, environment, out / side, root), started)
            for side, tree in trees.items()
        }
        return {side: one.result() for side, one in running.items()}


@dataclass(frozen=True)
class Synth:
    """One run of `cdk synth`: of which tree, into which folder, with whose tools."""

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
    def surroundings(self) -> Mapping[str, str]:
        """Return the environment of this Python and this CLI, in which the tree imports its own packages.

        Without PYTHONPATH they would be those of the project that is installed, which is another tree for the base.
        """
        roots = (self.tree, self.tree / "constructs", self.tree / "lambda")
        return {**tools_of(self.root), "PYTHONPATH": os.pathsep.join(map(str, roots))}


def _synth(synth: Synth, started: list["subprocess.Popen[str]"]) -> Assembly:
    try:
        process = subprocess.Popen(  # noqa: S603
            synth.command,
            cwd=synth.tree,
            env=synth.surroundings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    except OSError as error:
        raise DiffError(f"the CDK CLI does not run ({error}): `make setup` installs it") from error
    started.append(process)
    said, _ = process.communicate()
    if process.returncode:
        raise DiffError(f"{synth.title} does not synthesize ({synth.environment}):\n{said.strip()[-2000:]}")
    return read_assembly(synth.out)


@contextmanager
def _ended_with_us() -> Iterator[list["subprocess.Popen[str]"]]:
    """No synth outlives the command that started it."""
    started: list[subprocess.Popen[str]] = []
    try:
        yield started
    finally:
        for process in started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)  # the application is a child of the CLI
