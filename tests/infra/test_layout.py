"""Where files may lie and who may import whom: the traps of Python, CDK and pytest, and the arrows of the design."""

import ast
import importlib.util
import json
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.infra.exchange import ENVIRONMENTS, ROOT, exchange

OURS = {"app", "stacks", "exchange_constructs", "release_engine", "release_aws", "release_handlers"}
OURS |= {"release", "rehearsal", "bench", "tests"}
# folder -> what of ours it may import. Dependencies point one way.
MAY_IMPORT = {
    "app.py": {"stacks"},
    "stacks": {"stacks", "exchange_constructs"},
    "constructs/exchange_constructs": {"exchange_constructs"},
    "lambda/release_engine": {"release_engine"},
    "lambda/release_aws": {"release_aws", "release_engine"},
    "lambda/release_handlers": {"release_handlers", "release_aws", "release_engine"},
    "release": {"release", "release_engine", "release_aws", "stacks"},
    "bench": {"bench", "stacks", "release_engine", "release_aws"},
    "rehearsal": OURS - {"app", "bench", "tests"},
}
SOURCES = (*MAY_IMPORT, "tests")


def python_files(folder: str) -> list[Path]:
    place = ROOT / folder
    return [place] if place.is_file() else sorted(place.rglob("*.py"))


@cache
def imports(file: Path) -> tuple[str, ...]:
    """The modules that a file imports, wherever in it; a relative import stays inside its package."""
    return tuple(_imports(file))


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@pytest.mark.parametrize("trap", ["constructs/__init__.py", "lambda/__init__.py", "tests/constructs"])
def test_no_folder_shadows_a_package_or_a_keyword(trap: str) -> None:
    assert not (ROOT / trap).exists()


def test_no_two_files_are_called_handler() -> None:
    names = Counter(file.name for folder in SOURCES for file in python_files(folder))
    assert names["__init__.py"] > 1, "the files were found"
    assert names["handler.py"] <= 1


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_dependencies_point_one_way(folder: str) -> None:
    files = python_files(folder)
    assert files
    wrong = [
        f"{file.relative_to(ROOT)} imports {module}"
        for file in files
        for module in imports(file)
        if (package := module.split(".")[0]) in OURS and package not in MAY_IMPORT[folder]
    ]
    assert wrong == []


def test_the_engine_of_decisions_needs_the_standard_library_only() -> None:
    known = sys.stdlib_module_names | {"release_engine"}
    found = {module for file in python_files("lambda/release_engine") for module in imports(file)}
    assert {module for module in found if module.split(".")[0] not in known} == set()


def test_the_command_line_knows_the_settings_but_no_stack() -> None:
    """`stacks` itself sets the import roots."""
    found = {module for file in python_files("release") for module in imports(file)}
    settings = {"stacks", "stacks.settings", "stacks.allowed_findings"}
    assert {module for module in found if module.split(".")[0] == "stacks"} <= settings


def test_nothing_but_tests_imports_the_rehearsal() -> None:
    importing = [
        folder
        for folder in MAY_IMPORT
        for file in python_files(folder)
        if folder != "rehearsal" and any(module.split(".")[0] == "rehearsal" for module in imports(file))
    ]
    assert importing == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_handler_is_a_function_of_the_asset(environment: str) -> None:
    known = exchange(environment)
    handlers = {one["Handler"] for stack in known.templates for one in known.properties(stack, "Lambda::Function")}
    assert len(handlers) >= 6
    for handler in handlers:
        module, _, function = handler.rpartition(".")
        assert function == "handler"
        spec = importlib.util.find_spec(module)
        assert spec is not None, handler
        assert spec.origin is not None, handler
        assert Path(spec.origin).is_relative_to(ROOT / "lambda")


def test_the_app_is_read_at_a_glance() -> None:
    assert len((ROOT / "app.py").read_text(encoding="utf-8").splitlines()) <= 40


def test_the_cdk_command_line_is_the_one_that_works_and_no_other() -> None:
    """npm's `latest` is an accident that refuses this library: aws/aws-cdk#38113."""
    asked = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["devDependencies"]["aws-cdk"]
    locked = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert (asked, locked[""]["devDependencies"]["aws-cdk"]) == ("2.1148.1", "2.1148.1")
    assert locked["node_modules/aws-cdk"]["version"] == "2.1148.1"
