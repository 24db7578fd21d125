"""The indexes of docs/ and docs/decisions/ name every page, with a line that says what is in it."""

import re
from pathlib import Path

import pytest

from tests.unit.documentation.markdown import ROOT, links

DOCS = ROOT / "docs"
FOLDERS = (DOCS, DOCS / "decisions")


def entries(folder: Path) -> dict[str, str]:
    """Return what the index of a folder says of each page in its list."""
    text = (folder / "README.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^- \[[^\]]+\]\(([^)#]+)\): (\S.*)$", text, re.MULTILINE))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_page_is_in_the_index_of_its_folder(folder: Path) -> None:
    pages = {page.name for page in folder.glob("*.md")} - {"README.md"}
    assert pages - entries(folder).keys() == set()


def test_decisions_are_numbered_without_a_gap_and_titled_by_their_numbers() -> None:
    pages = sorted(page for page in (DOCS / "decisions").glob("*.md") if page.name != "README.md")
    numbers = [int(page.name[:4]) for page in pages]
    titles = [re.match(r"# (\d+)[.:] \S", page.read_text(encoding="utf-8")) for page in pages]
    assert [int(title.group(1)) for title in titles if title] == numbers == list(range(1, len(pages) + 1))


@pytest.mark.parametrize("reader", ["newcomer", "adopt", "on call", "pull request", "contribut"])
def test_the_index_has_a_path_for_each_reader(reader: str) -> None:
    text = (DOCS / "README.md").read_text(encoding="utf-8")
    sections = {
        heading.lower(): body for heading, body in re.findall(r"^### (.+)\n((?:(?!#).*\n)+)", text, re.MULTILINE)
    }
    (path,) = [body for heading, body in sections.items() if reader in heading]
    assert len(re.findall(r"^\d+\. .*\]\(", path, re.MULTILINE)) >= 2


def test_the_readme_leads_to_the_index() -> None:
    assert "docs/README.md" in links(ROOT / "README.md")
