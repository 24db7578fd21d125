"""The name of a public type means one thing in the product, wherever it is read."""

import ast
import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache

from tests.infra.exchange import ROOT
from tests.infra.test_layout import python_files

PRODUCT = ("settings", "stacks", "constructs", "lambda", "release")
GLOSSARY = ROOT / "docs" / "glossary.md"
SECTION = "Words with two meanings"
# Names that two modules still share; to be taken out as one of the two is renamed, until none is left.
STILL_SHARED = frozenset(
    {
        *("Answer", "Check", "Component", "Finding", "Logs", "Outcome", "Probe", "Question", "Request"),
        *("Service", "Verdict", "Window"),
    }
)


@cache
def classes() -> Mapping[str, list[str]]:
    """Return the files that define a public class, by its name."""
    files = defaultdict[str, list[str]](list)
    for folder in PRODUCT:
        for file in python_files(folder):
            for node in ast.parse(file.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    files[node.name].append(str(file.relative_to(ROOT)))
    return files


def explained() -> set[str]:
    """Return the words of the glossary that may have two meanings: those in backquotes in its section on them."""
    if not GLOSSARY.exists():
        return set()
    _, _, rest = GLOSSARY.read_text(encoding="utf-8").partition(f"## {SECTION}\n")
    return set(re.findall(r"`(\w+)`", re.split(r"^## ", rest, flags=re.MULTILINE)[0]))


def shared() -> dict[str, list[str]]:
    return {name: files for name, files in classes().items() if len(files) > 1}


def test_a_type_name_means_one_thing_in_the_product() -> None:
    assert len(classes()) > 100, "the files were found"
    assert {name: files for name, files in shared().items() if name not in STILL_SHARED | explained()} == {}


def test_what_is_said_to_be_shared_still_is() -> None:
    assert STILL_SHARED - shared().keys() == set()
