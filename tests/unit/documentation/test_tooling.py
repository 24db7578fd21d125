"""The files of tools say what is so: .github/dependabot.yml and .pre-commit-config.yaml.

What Dependabot leaves alone is pinned, for reasons that are true of what is installed. The hooks run what
`make check` runs, with programs that `make setup` installs.
"""

import re
import shlex
from collections.abc import Iterable
from importlib.metadata import requires, version
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from ruamel.yaml import YAML

from tests.unit.documentation.markdown import ROOT

UPDATES: list[dict[str, Any]] = YAML(typ="safe").load(ROOT / ".github" / "dependabot.yml")["updates"]
TEXTS = [(ROOT / name).read_text() for name in ("pyproject.toml", "requirements-dev.txt", "constraints.txt")]


def ignored(ecosystem: str) -> dict[str, list[str]]:
    """Return the versions that are ignored of each package; none named means all of them."""
    (update,) = [update for update in UPDATES if update["package-ecosystem"] == ecosystem]
    return {rule["dependency-name"]: rule.get("versions", []) for rule in update.get("ignore", [])}


def required(by: str) -> dict[str, SpecifierSet]:
    """Return what an installed package needs, whatever is installed with it."""
    needs: Iterable[Requirement] = map(Requirement, requires(by) or [])
    return {need.name: need.specifier for need in needs if need.marker is None}


def test_each_of_the_ecosystems_is_looked_after() -> None:
    assert sorted(update["package-ecosystem"] for update in UPDATES) == ["github-actions", "npm", "pip"]
    assert all((ROOT / update["directory"].lstrip("/")).is_dir() for update in UPDATES)


@pytest.mark.parametrize("package", sorted(ignored("pip")))
def test_what_is_left_alone_is_pinned_to_the_version_that_is_installed(package: str) -> None:
    pinned = {number for text in TEXTS for number in re.findall(rf"^[\s\"]*{package}==([\w.]+)", text, re.M)}
    assert pinned == {version(package)}


def test_ministack_and_what_it_asks_for_move_by_hand_only() -> None:
    assert required("ministack")["botocore"] == SpecifierSet(f"=={version('botocore')}")
    assert [ignored("pip")[package] for package in ("ministack", "botocore", "boto3")] == [[], [], []]


def test_constructs_stays_within_what_the_cdk_allows() -> None:
    (beyond,) = ignored("pip")["constructs"]
    first_refused = beyond.removeprefix(">=")
    for library in ("aws-cdk-lib", "cdk-nag"):
        assert first_refused not in required(library)["constructs"], library
        assert version("constructs") in required(library)["constructs"], library


def test_the_cdk_command_line_stays_below_the_version_that_was_published_by_accident() -> None:
    assert ignored("npm") == {"aws-cdk": [">=3"]}


def test_each_reason_stands_right_before_its_pin() -> None:
    text = (ROOT / ".github" / "dependabot.yml").read_text()
    names = re.findall(r"dependency-name: (\S+)", text)
    reasoned = re.findall(r"# .+\n(?: +- dependency-name: \S+\n)*? +- dependency-name: (\S+)", text)
    assert set(names) - set(reasoned) <= {"boto3"}  # its reason is botocore's


REPOSITORIES: list[dict[str, Any]] = YAML(typ="safe").load(ROOT / ".pre-commit-config.yaml")["repos"]
HOOKS: list[dict[str, Any]] = [hook for repository in REPOSITORIES for hook in repository["hooks"]]
MAKEFILE = (ROOT / "Makefile").read_text()
IDS = [hook["id"] for hook in HOOKS]


def test_nothing_is_downloaded() -> None:
    assert [repository["repo"] for repository in REPOSITORIES] == ["local"]
    assert {hook["language"] for hook in HOOKS} == {"system"}


@pytest.mark.parametrize("hook", HOOKS, ids=IDS)
def test_the_program_and_the_script_of_each_hook_are_there(hook: dict[str, Any]) -> None:
    program, *words = shlex.split(hook["entry"])
    assert (ROOT / program).is_file()
    assert all((ROOT / word).is_file() for word in words if word.startswith(".github/"))


@pytest.mark.parametrize("hook", HOOKS, ids=IDS)
def test_each_hook_is_a_command_of_the_makefile(hook: dict[str, Any]) -> None:
    program, *words = shlex.split(hook["entry"])
    command = " ".join([program.removeprefix(".venv/bin/"), *(word for word in words if word != "--force-exclude")])
    assert command in re.sub(r"\$\(if \$\(FIX\),(?:--fix)?,(.*?)\)", r"\1", MAKEFILE).replace("  ", " ")


@pytest.mark.parametrize("hook", [hook for hook in HOOKS if "files" in hook], ids=lambda hook: str(hook["id"]))
def test_each_pattern_of_a_hook_matches_files(hook: dict[str, Any]) -> None:
    paths = [
        str(path.relative_to(ROOT)) for path in ROOT.glob("**/.github/**/*.yml") if "node_modules" not in path.parts
    ]
    assert any(re.search(hook["files"], path) for path in paths)
