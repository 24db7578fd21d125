"""The extensions replace and call private names of ministack: these tests fail loudly when it changes."""

import ast
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest
from ministack.services import ecs as ecs_of_ministack

import local_aws
from local_aws.ministack_parts import embedding
from local_aws.ministack_parts.forms import Replaceable

PACKAGE = Path(local_aws.__file__).parent
ROOM = PACKAGE / "ministack_parts"
PARTS = sorted(ROOM.rglob("*.py"))
OTHERS = sorted(set(PACKAGE.rglob("*.py")) - set(PARTS))


def test_ministack_is_the_version_that_the_extensions_are_built_for() -> None:
    assert (version("ministack"), embedding.VERSION) == ("1.5.33", "1.5.33")


def test_another_version_is_refused_before_anything_is_imported_from_it() -> None:
    with pytest.raises(embedding.WrongVersionError, match=r"1\.5\.34.*1\.5\.33"):
        embedding.check_version("1.5.34")


def test_the_requirements_pin_the_same_version() -> None:
    requirements = (Path(local_aws.__file__).parents[1] / "requirements-dev.txt").read_text()
    assert f"ministack=={embedding.VERSION}\n" in requirements


@pytest.mark.parametrize("source", OTHERS, ids=lambda source: str(source.relative_to(PACKAGE)))
def test_nothing_outside_the_room_imports_ministack(source: Path) -> None:
    tree = ast.parse(source.read_text())
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {str(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert [module for module in imported if module.split(".")[0] == "ministack" and " " not in module] == []


@pytest.mark.parametrize("source", PARTS, ids=lambda source: source.stem)
def test_every_private_name_in_use_exists(source: Path) -> None:
    missing = [f"{module}.{name}" for module, name in private_names(source) if not hasattr(import_module(module), name)]
    assert missing == []


def test_the_scan_finds_what_is_hooked() -> None:
    hooked = {f"{module}.{name}" for source in PARTS for module, name in private_names(source)}
    assert {
        "ministack.services.ecs._ACTION_MAP",
        "ministack.services.ecs._circuit_breaker_threshold",
        "ministack.services.ecs._create_service",
        "ministack.services.ecr._put_image",
        "ministack.services.cloudformation.provisioners._RESOURCE_HANDLERS",
        "ministack.services.cloudformation.provisioners._rds_db_instance_create",
        "ministack.services.cloudformation.stacks._runs_on_worker_thread",
        "ministack.services.cloudformation.stacks._topological_sort",
    } <= hooked


def test_a_name_that_ministack_lacks_is_an_error_at_import() -> None:
    with pytest.raises(AttributeError, match="_gone"):
        Replaceable(ecs_of_ministack, "_gone")


def test_what_is_replaced_is_what_ministack_and_we_call() -> None:
    module = ModuleType("service")
    module.__dict__["_answer"] = lambda: "stock"
    answer: Replaceable[[], str] = Replaceable(module, "_answer")
    answer.wrap(lambda stock: lambda: f"wrapped {stock()}")
    assert (answer(), module.__dict__["_answer"]()) == ("wrapped stock", "wrapped stock")


def private_names(source: Path) -> Iterator[tuple[str, str]]:
    """Yield (module, name) for `module._name`, `Replaceable(module, "_name")` and the tables of names that are set."""
    tree = ast.parse(source.read_text())
    modules = dict(_imported(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            if node.attr.startswith("_"):
                yield modules[node.value.id], node.attr
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "Replaceable":
            module, name = node.args
            yield modules[ast.unparse(module)], ast.literal_eval(name)
    yield from _called_by_name(source)


def _called_by_name(source: Path) -> Iterator[tuple[str, str]]:
    if source.parent.name != "services" or source.stem not in ("ecs", "cloudformation"):
        return
    names = import_module(f"local_aws.ministack_parts.services.{source.stem}").CALLED_BY_NAME.values()
    if source.stem == "ecs":
        yield from (("ministack.services.ecs", name) for name in names)
    else:
        yield from (("ministack.services.cloudformation.provisioners", f"{prefix}_create") for prefix in names)


def _imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ministack"):
            yield from ((item.asname or item.name, f"{node.module}.{item.name}") for item in node.names)
