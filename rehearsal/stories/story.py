"""The shape that all stories share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rehearsal.stage import Running, Stage
from release_engine.ledger import Outcome, Release


@dataclass(frozen=True)
class Promise:
    """Something that must be true of every rehearsal; `seen` says what was."""

    name: str
    kept: bool
    seen: str = ""


@dataclass(frozen=True)
class Played:
    """What came of a story. `releases` are the ledger's; `traffic` is what users of each component saw."""

    promises: Sequence[Promise]
    releases: Sequence[Release] = ()
    traffic: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Story:
    """`run` plays it on a stage whose first release is out."""

    name: str
    does: str
    run: Callable[[Stage], Played]


def outcome_promise(release: Release | None, component: str, wanted: Outcome) -> Promise:
    """The ledger says that the release ended as it should."""
    kept = bool(release and release.outcome is wanted)
    seen = release.outcome.value if release else "nothing in the ledger"
    why = f": {release.reason}" if release and not kept else ""
    return Promise(f"the {component} release ends as {wanted.value}", kept, f"{seen}{why}")


def running_promise(running: Running, component: str, digest: str) -> Promise:
    """F1, F26: every running task has the digest, and there are tasks."""
    found = ", ".join(sorted(digest[7:19] for digest in running.digests)) or "nothing"
    seen = f"{len(running.tasks)} tasks of {found}, asked for {digest[7:19] or 'nothing'}"
    return Promise(f"every {component} task runs the digest that it should", running.digests == {digest}, seen)


def unharmed_promise(traffic: Mapping[str, Mapping[str, Any]], during: str) -> Promise:
    """Users were there, and none of them saw a failure."""
    requests = sum(count["requests"] for count in traffic.values())
    failures = sum(count["failures"] for count in traffic.values())
    examples = [example for count in traffic.values() for example in count["examples"]][:3]
    seen = "; ".join([f"{failures} of {requests} requests failed", *examples])
    return Promise(f"no user's request fails during {during}", requests > 0 and failures == 0, seen)
