"""What a browser does with a page: it asks for what the page names, at once or, in a tab left open, later."""

import random
import re
from collections import deque
from typing import NamedTuple

NAMED = re.compile(rb'(?:src|href)="(/[^"]+)"')
FROM_AN_OPEN_TAB = 0.2  # share of assets that a page seen earlier names


class Asset(NamedTuple):
    """`of` is the digest whose page names it."""

    path: str
    of: str


class Pages:
    """The pages that users have seen in one phase."""

    def __init__(self) -> None:
        self._seen: dict[str, Asset] = {}
        self._due: deque[Asset] = deque()

    def read(self, page: bytes, digest: str) -> None:
        """One asset is due for each page that names some: the page's own, now and then one of an earlier page."""
        named = [match.decode() for match in NAMED.findall(page)]
        for path in named:
            self._seen.setdefault(path, Asset(path, digest))
        if named:
            old = random.random() < FROM_AN_OPEN_TAB
            self._due.append(self._seen[random.choice(list(self._seen) if old else named)])

    def next(self) -> Asset | None:
        """What is to be asked for next, if anything."""
        return self._due.popleft() if self._due else None
