"""A type name means one thing in the product; docs/glossary.md has the exceptions."""

import ast
import re
from collections import defaultdict
from collections.abc import Mapping

from tests.unit.documentation.markdown import ROOT

PRODUCT = ("settings", "stacks", "constructs", "lambda", "release")
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")


def shared() -> Mapping[str, list[str]]:
    """Return the files that define each public class of which there is more than one, by its name."""
    files = defaultdict[str, list[str]](list)
    for path in (path for folder in PRODUCT for path in sorted((ROOT / folder).rglob("*.py"))):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                files[node.name].append(str(path.relative_to(ROOT)))
    return {name: paths for name, paths in files.items() if len(paths) > 1}


def exceptions() -> set[str]:
    section = GLOSSARY.partition("## Types that share a name\n")[2]
    return {name for line in re.findall(r"^- (`.+?):", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", line)}


def test_no_two_types_share_a_name_without_a_line_in_the_glossary() -> None:
    assert {name: paths for name, paths in shared().items() if name not in exceptions()} == {}


def test_each_exception_of_the_glossary_is_still_one() -> None:
    assert exceptions()
    assert exceptions() - shared().keys() == set()
