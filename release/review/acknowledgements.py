"""Lines of a pull request's description with which its author says: this data goes, and I mean it.

``replaces: exchange-staging-data/Database/Instance`` or ``deletes: …``, each on a line of its own, with the whole path
of the resource, or the name of a stack that goes. The verb must be the right one: who expects a replacement has not
agreed to a deletion.
"""

import re
from dataclasses import dataclass

_LINE = re.compile(r"^\s*(?:[-*]\s+)?`?(replaces|deletes):\s*`?([^`]+?)`?\s*$", re.IGNORECASE)
_HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)  # what the reviewer cannot see acknowledges nothing


@dataclass(frozen=True)
class Acknowledged:
    """Pairs of verb and path."""

    lines: frozenset[tuple[str, str]] = frozenset()

    def covers(self, verb: str, *paths: str) -> bool:
        """Any of the paths will do: that of a resource, or of the stack that goes with all that is in it."""
        return any((verb, path) in self.lines for path in paths)


def read_acknowledgements(description: str) -> Acknowledged:
    """Lines that merely quote (``> replaces: …``) or are in an HTML comment do not count."""
    visible = _HIDDEN.sub("", description)
    matches = (_LINE.match(line) for line in visible.splitlines())
    return Acknowledged(frozenset((found[1].lower(), found[2]) for found in matches if found))
