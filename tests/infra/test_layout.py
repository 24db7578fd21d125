"""Where files may lie and who may import whom: the traps of Python, CDK and pytest, and the arrows of the design."""

import ast
import importlib.util
import json
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.infra.exchange import ENVIRONMENTS, ROOT, exchange

# folder -> what of ours it may import beside itself. Dependencies point one way.
MAY_IMPORT = {
    "app.py": {"exchange_constructs", "stacks", "settings"},
    "lambda/release_engine": set[str](),
    "lambda/release_aws": {"release_engine"},
    "lambda/release_handlers": {"release_aws", "release_engine"},
    "lambda/custom_resources": {"release_aws"},
    "settings": {"release_engine"},
    "constructs/exchange_constructs": {"release_engine"},
    "stacks": {"exchange_constructs", "settings", "release_engine"},
    "release": {"release_engine", "release_aws", "settings"},
    "local_aws": set[str](),
    "rehearsal": {"local_aws", "settings", "release_handlers", "release_aws", "release_engine"},
    "bench": {"stacks", "settings", "release_engine", "release_aws"},
}
PACKAGES = {Path(folder).stem for folder in MAY_IMPORT}
OURS = PACKAGES | {"tests"}
SOURCES = (*MAY_IMPORT, "tests")
ROOTS = (ROOT / "constructs", ROOT / "lambda", ROOT)  # the folders that Python's imports begin in


def python_files(folder: str) -> list[Path]:
    path = ROOT / folder
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


@cache
def imports(file: Path) -> tuple[str, ...]:
    """Return the modules that a file imports, wherever in it; a relative import stays inside its package."""
    return tuple(_imports(file))


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def _module(file: Path) -> str:
    root = next(root for root in ROOTS if file.is_relative_to(root))
    return ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def imported_modules(file: Path) -> set[str]:
    """Return the modules that a file imports; `from package import module` is an import of the module."""
    modules = set[str]()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            package = node.module.replace(".", "/")
            names = {f"{node.module}.{name.name}" for name in node.names}
            modules |= (
                {name if importlib.util.find_spec(name) else node.module for name in names}
                if any((root / package).is_dir() for root in ROOTS)
                else {node.module}
            )
        if isinstance(node, ast.Import):
            modules |= {name.name for name in node.names}
    return modules


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
        if (package := module.split(".")[0]) in OURS and package not in {Path(folder).stem, *MAY_IMPORT[folder]}
    ]
    assert wrong == []


def test_the_engine_of_decisions_needs_the_standard_library_only() -> None:
    allowed = sys.stdlib_module_names | {"release_engine"}
    imported = {module for file in python_files("lambda/release_engine") for module in imports(file)}
    assert {module for module in imported if module.split(".")[0] not in allowed} == set()


@pytest.mark.parametrize("folder", [folder for folder in MAY_IMPORT if folder != "app.py"])
def test_no_modules_import_each_other_in_a_circle(folder: str) -> None:
    """Nor for their types alone: who reads one of them has to read them all."""
    sorter = TopologicalSorter({_module(file): imported_modules(file) for file in python_files(folder)})
    try:
        sorter.prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")
    assert sorter.is_active()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_handler_is_a_function_of_the_asset(environment: str) -> None:
    known = exchange(environment)
    handlers = {
        function["Handler"] for stack in known.templates for function in known.properties(stack, "Lambda::Function")
    }
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
    required = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["devDependencies"]["aws-cdk"]
    locked = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert (required, locked[""]["devDependencies"]["aws-cdk"]) == ("2.1148.1", "2.1148.1")
    assert locked["node_modules/aws-cdk"]["version"] == "2.1148.1"
