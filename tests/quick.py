"""``python -m tests.quick``: the tests of what is changed, against `main` or the commit that BASE names.

A change in the product (what is deployed) also plays a first release and a bad one on a deployed stage. The whole suite
is `make test`.
"""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STORIES = "tests/rehearsal/stories/test_stories.py"
RELEASES = (
    f"{STORIES}::test_f4_the_first_release_brings_every_service_to_life",
    f"{STORIES}::test_f12_a_client_that_fails_a_fifth_of_its_requests_is_refused_and_undone",
)
PRODUCT = ("tests/unit", "tests/infra", *RELEASES)
LOCAL_AWS, REHEARSAL = ("tests/local_aws",), ("tests/unit/rehearsal", "tests/rehearsal/components", *RELEASES)
EVERYTHING = ("tests",)
DOCUMENTS = ("tests/unit/documentation", "tests/unit/rehearsal")
# How the path of a changed file begins -> what is tested. The first row that fits counts.
TOUCHES: dict[str, tuple[str, ...]] = {
    "lambda/": PRODUCT,
    "settings/": PRODUCT,
    "constructs/": PRODUCT,
    "stacks/": PRODUCT,
    "config/": PRODUCT,
    "app.py": PRODUCT,
    "cdk.json": PRODUCT,
    "release/": ("tests/unit", "tests/infra/test_layout.py"),
    "acceptance/": ("tests/unit/rehearsal", "tests/unit/test_acceptance.py"),
    "local_aws/": LOCAL_AWS,
    "rehearsal/": REHEARSAL,
    "bench/": ("tests/statistics", "tests/infra/test_layout.py"),
    "examples/": ("tests/unit/workflows", "tests/unit/test_workflows.py"),
    ".github/": ("tests/unit/workflows", "tests/unit/test_workflows.py", "tests/unit/documentation"),
    ".pre-commit-config.yaml": ("tests/unit/documentation",),
    "docs/contracts.md": (*DOCUMENTS, "tests/infra/test_tasks.py"),
    "docs/": DOCUMENTS,
    "README.md": DOCUMENTS,
    "CHANGELOG.md": DOCUMENTS,
    "CONTRIBUTING.md": DOCUMENTS,
    "SECURITY.md": DOCUMENTS,
    "Makefile": ("tests/infra/test_layout.py", "tests/unit/documentation"),
    "pyproject.toml": EVERYTHING,
    "requirements": EVERYTHING,
    "constraints.txt": EVERYTHING,
    "package": EVERYTHING,
    "tests/conftest.py": EVERYTHING,
}
ELSE = ("tests/infra/test_layout.py",)


def touched(changed: Iterable[str]) -> list[str]:
    """Return the tests of the changed files, as arguments of pytest; a test file itself stands for itself."""
    return sorted({test for path in changed for test in _tests_of(path)})


def _tests_of(path: str) -> Iterable[str]:
    for prefix, tests in TOUCHES.items():
        if path.startswith(prefix):
            return tests
    if path.startswith("tests/"):
        file = ROOT / path
        shared = not file.name.startswith("test_")
        return (str(file.parent.relative_to(ROOT)),) if shared else (path,) if file.exists() else ()
    return ELSE


def changed_files(base: str) -> Iterator[str]:
    """Yield the files that differ from the commit from which this work began, those that git does not know yet too."""
    began = _git("merge-base", base, "HEAD")[0]
    yield from _git("diff", "--name-only", began)
    yield from _git("ls-files", "--others", "--exclude-standard")


def _git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603, S607
    return done.stdout.splitlines()


def main() -> int:
    """Run pytest on them, side by side; its exit code."""
    tests = touched(changed_files(os.environ.get("BASE") or "main"))
    if not tests:
        print("nothing is changed: no test is run")
        return 0
    print("tests of what is changed:", *tests, sep="\n  ", flush=True)
    command = [sys.executable, "-m", "pytest", "--quiet", *sys.argv[1:], *tests]
    return subprocess.run(command, cwd=ROOT, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
