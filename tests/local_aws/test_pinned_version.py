"""The extensions replace and call private names of ministack: these tests fail loudly when it changes."""

import ast
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pytest

import local_aws
from local_aws.ministack_parts import embedding

SOURCES = sorted(Path(local_aws.__file__).parent.rglob("*.py"))
# Names that only exist once something in ministack has run, or that an extension adds.
NOT_AT_IMPORT: frozenset[str] = frozenset()


def test_ministack_is_the_version_that_the_extensions_are_built_for() -> None:
    assert (version("ministack"), embedding.VERSION) == ("1.5.33", "1.5.33")


def test_another_version_is_refused_before_anything_is_imported_from_it() -> None:
    with pytest.raises(embedding.WrongVersionError, match=r"1\.5\.34.*1\.5\.33"):
        embedding.check_version("1.5.34")


def test_the_requirements_pin_the_same_version() -> None:
    requirements = (Path(local_aws.__file__).parents[1] / "requirements-dev.txt").read_text()
    assert f"ministack=={embedding.VERSION}\n" in requirements


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_every_private_name_in_use_exists(source: Path) -> None:
    missing = [
        f"{module}.{name}"
        for module, name in private_names(source)
        if f"{module}.{name}" not in NOT_AT_IMPORT and not hasattr(import_module(module), name)
    ]
    assert missing == []


def test_the_scan_finds_what_is_hooked() -> None:
    hooked = {f"{module}.{name}" for source in SOURCES for module, name in private_names(source)}
    assert {
        "ministack.services.ecs._ACTION_MAP",
        "ministack.services.ecs._circuit_breaker_threshold",
        "ministack.services.ecr._put_image",
        "ministack.services.cloudformation.provisioners._RESOURCE_HANDLERS",
        "ministack.services.cloudformation.stacks._runs_on_worker_thread",
        "ministack.services.cloudformation.stacks._topological_sort",
    } <= hooked


def private_names(source: Path) -> Iterator[tuple[str, str]]:
    """(module, name) for every `module._name` and `from module import _name` where the module is ministack's."""
    tree = ast.parse(source.read_text())
    modules = dict(_imported(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            if node.attr.startswith("_"):
                yield modules[node.value.id], node.attr
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ministack"):
            yield from ((str(node.module), item.name) for item in node.names if item.name.startswith("_"))


def _imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ministack"):
            yield from ((item.asname or item.name, f"{node.module}.{item.name}") for item in node.names)
        elif isinstance(node, ast.Import):
            yield from ((item.asname, item.name) for item in node.names if item.asname and "ministack" in item.name)
