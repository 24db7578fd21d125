"""`make quick` runs the tests of what is changed: no part of the project is left out."""

import subprocess

import pytest

from tests.quick import EVERYTHING, PRODUCT, ROOT, TOUCHES, changed_files, touched


@pytest.mark.parametrize("prefix", TOUCHES)
def test_each_row_stands_for_something_that_exists(prefix: str) -> None:
    assert [path for path in ROOT.iterdir() if f"{path.name}/".startswith(prefix.split("/", maxsplit=1)[0])]
    for test in TOUCHES[prefix]:
        file, _, function = test.partition("::")
        assert (ROOT / file).exists()
        assert f"def {function}(" in (ROOT / file).read_text() if function else True


def test_each_folder_with_sources_has_a_row() -> None:
    done = subprocess.run(["git", "ls-files", "*.py", "*.yml"], cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S607
    folders = {name.split("/")[0] + "/" for name in done.stdout.splitlines() if "/" in name}
    assert "lambda/" in folders
    assert sorted(folders - set(TOUCHES) - {"tests/"}) == []


def test_a_change_of_the_product_also_plays_releases() -> None:
    assert touched(["lambda/release_engine/verdict.py", "stacks/data.py"]) == sorted(PRODUCT)


def test_a_changed_test_is_run_alone_and_a_shared_part_with_its_folder() -> None:
    this = "tests/unit/test_quick.py"
    assert touched([this]) == [this]
    assert touched(["tests/unit/aws/answers.py"]) == ["tests/unit/aws"]
    assert touched(["tests/unit/test_that_is_gone.py"]) == []
    assert touched(["pyproject.toml"]) == list(EVERYTHING)


def test_an_unknown_commit_is_refused() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        list(changed_files("no-such-commit"))
