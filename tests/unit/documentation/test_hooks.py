"""The hooks of .pre-commit-config.yaml run what `make check` runs, with programs that `make setup` installs."""

import re
import shlex
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.unit.documentation.markdown import ROOT

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
