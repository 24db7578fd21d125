"""Measures whole commands: a synth, the fast tests, `release diff` and `cdk diff`, each against another command.

What is compared is chosen so that the ratio tells of our own code: a synth of production against that of an empty
stack, for example, has nothing of jsii in it.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.measuring import ROOT, Command, Ratio, command, measure, python

_GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@example.com", "-c", "commit.gpgsign=false")


def committed_copy(folder: Path) -> Path:
    """Copy the project to `folder`, which must not be there yet, and commit it there; what is installed is shared."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    (folder / ".git" / "info" / "exclude").write_text("node_modules\n.venv\n")  # links are no folders to .gitignore
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    """Commit everything in a repository."""
    subprocess.run([*_GIT, "add", "--all"], cwd=folder, check=True)
    subprocess.run([*_GIT, "commit", "--quiet", "--message", "as it is"], cwd=folder, check=True)


def production_against_empty_stack() -> Ratio:
    """Compare two synths without the rules that validate templates, which cost the same whatever the app."""
    context = {"CDK_VALIDATION": "false", "EXCHANGE_NAG": "false"}
    return measure(
        python("-m", "bench.apps", "production", **context),
        python("-m", "bench.apps", "empty", **context),
        goal=3.0,
        runs=5,
    )


def fast_tests_against_one_synth() -> Ratio:
    """Compare ``tests/unit`` and ``tests/infra``, as a developer runs them, with one synth of production."""
    return measure(
        python("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit", "tests/infra"),
        python("-m", "bench.apps", "production", CDK_VALIDATION="false", EXCHANGE_NAG="false"),
        goal=2.0,
        runs=3,
    )


_SYNTH = "cdk synth --quiet --no-notices --no-version-reporting -c environment=staging --output"


def diff_against_two_synths() -> Ratio:
    """Compare `diff` with the two syntheses that it makes, one after the other, as two commands would run.

    Rules that judge templates are off on both sides; the command works in a copy whose tree is its base.
    """
    with TemporaryDirectory(prefix="exchange-bench-") as folder:
        project = str(committed_copy(Path(folder, "project")))
        diff = python("-m", "release", "-e", "staging", "diff", "--base", "HEAD")
        twice = command("sh", "-c", f"{_SYNTH} {folder}/one && {_SYNTH} {folder}/two")
        rules = {"CDK_VALIDATION": "false", "EXCHANGE_NAG": "false"}
        synths = replace(twice, folder=project, environment={**twice.environment, **rules})
        return measure(replace(diff, folder=project), synths, goal=1.3, runs=3)


ENVIRONMENT = "staging"
_DIFF = ("cdk", "diff", "--no-notices", "--no-version-reporting", "--method", "template")
_READY = "READY "  # rehearsal/opening.py


def diff_of_an_assembly_against_one_through_python() -> Ratio:
    """Compare `cdk diff` of an assembly with `cdk diff` that synthesizes, where nothing differs from what is deployed.

    All stacks of an environment are deployed to a local AWS. Both compare templates, and both validate nothing again:
    what Python does is to make the assembly.
    """
    with TemporaryDirectory(prefix="exchange-bench-") as folder, _deployed(Path(folder)) as aws:
        fresh = command(*_DIFF, "-c", f"environment={ENVIRONMENT}", "--output", f"{folder}/fresh")
        again = command(*_DIFF, "--app", f"{folder}/cdk.out")
        return measure(_in(again, aws), _in(fresh, aws), goal=0.4, runs=3)


@contextmanager
def _deployed(folder: Path) -> Iterator[dict[str, str]]:
    """Set the stage and give the environment of an AWS client; the stage's assembly is in `folder`."""
    starting = python("-m", "rehearsal.opening", str(folder), ENVIRONMENT, "60")
    with subprocess.Popen(
        starting.arguments,
        cwd=starting.folder,
        env=dict(starting.environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as stage:
        ready = next((line for line in stage.stdout or () if line.startswith(_READY)), None)
        if ready is None:
            raise RuntimeError(f"the stage of {ENVIRONMENT} was not set: make rehearse says why")
        aws: dict[str, str] = json.loads(ready.removeprefix(_READY))["aws"]
        try:
            yield aws
        finally:
            if stage.stdin:
                stage.stdin.close()


def _in(diff: Command, aws: dict[str, str]) -> Command:
    return replace(diff, environment={**diff.environment, **aws})
