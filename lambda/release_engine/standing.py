"""Whether what was released well last still stands, by what the ledger has of the time since."""

from collections.abc import Iterable

from release_engine.ledger import Current, Kind, Outcome, Release, newest_first


def standing(history: Iterable[Release], current: Current | None) -> str | None:
    """The digest that was released well last; None where what came after it leaves that in doubt.

    A version that was found bad and put back leaves it standing: that it runs again was verified. A rollback that did
    not make it speaks against what it was to undo, and after a failure nobody knows.
    """
    if current is None:
        return None
    for release in newest_first(history):
        if release.release_id == current.release_id:
            return current.digest
        if release.outcome is Outcome.RUNNING:
            continue  # the one that asks
        if release.kind is Kind.ROLLBACK or release.outcome is Outcome.FAILED:
            return None
    return None
