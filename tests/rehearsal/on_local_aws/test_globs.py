"""Product and local AWS read CodePipeline's patterns alike: two readings of one AWS page, neither the other's."""

import pytest

from local_aws.codepipeline.triggers import matches
from release.images.content import compiled_glob

PATTERNS = [
    "*",
    "**",
    "backend/**",
    "backend/*",
    "**/*.md",
    "docs/?.md",
    "{backend,client}/**",
    "[!b]*/*",
    "a\\*b",
    "[ab]/x",
]
PATHS = [
    "backend/app.rb",
    "backend/lib/a.rb",
    "client/x",
    "docs/a.md",
    "docs/ab.md",
    "README.md",
    "a*b",
    "acb",
    "a/x",
    "c/x",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_both_take_the_same_paths(pattern: str) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/syntax-glob.html"""
    taken = [path for path in PATHS if compiled_glob(pattern).fullmatch(path)]
    assert taken == [path for path in PATHS if matches(pattern, path)]
    assert taken
