"""What users ask for after a page."""

import random
from collections.abc import Iterator

import pytest

from rehearsal.traffic_program import Asset, Pages

OLD = b'<link rel="stylesheet" href="/_next/static/old.css"><script defer src="/_next/static/old.js"></script>'
NEW = b'<script defer src="/_next/static/new.js"></script>'


@pytest.fixture(autouse=True)
def _the_same_users_each_time() -> Iterator[None]:
    state = random.getstate()
    random.seed(31)
    yield
    random.setstate(state)


def due(pages: Pages) -> list[Asset]:
    return [asset for asset in iter(pages.next, None) if asset]


def test_a_page_is_followed_by_one_of_the_assets_that_it_names() -> None:
    pages = Pages()
    for _ in range(40):
        pages.read(OLD, "old")
    found = due(pages)
    assert {asset.path for asset in found} == {"/_next/static/old.css", "/_next/static/old.js"}
    assert len(found) == 40
    assert pages.next() is None


def test_f31_now_and_then_it_is_an_asset_of_a_page_seen_earlier_with_the_version_that_named_it() -> None:
    pages = Pages()
    pages.read(OLD, "old")
    due(pages)
    for _ in range(1000):
        pages.read(NEW, "new")
    old = [asset for asset in due(pages) if asset.of == "old"]
    assert 80 < len(old) < 200
    assert all("/old." in asset.path for asset in old)


def test_a_page_that_names_nothing_is_followed_by_nothing() -> None:
    pages = Pages()
    pages.read(b"<h1>Sorry</h1>", "old")
    assert pages.next() is None
