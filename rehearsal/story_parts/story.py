"""The shape that all stories share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rehearsal.stage import Running, Stage
from release_engine.ledger import Outcome, Release


@dataclass(frozen=True)
class Figure:
    """A number that was measured, and the most that it may be. None: it could not be, which is no good value.

    `seen` says of what it was made.
    """

    name: str
    value: float | None
    limit: float
    unit: str
    seen: str = ""

    def __str__(self) -> str:
        value = "not measured" if self.value is None else f"{self.value:.3g}"
        return f"{value} of at most {self.limit:g} {self.unit}" + (f": {self.seen}" if self.seen else "")

    @property
    def holds(self) -> bool:
        return self.value is not None and self.value <= self.limit

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "holds": self.holds}


@dataclass(frozen=True)
class Promise:
    """Something that must be true of every rehearsal; `seen` says what was."""

    name: str
    kept: bool
    seen: str = ""


@dataclass(frozen=True)
class Played:
    """What came of a story: what it has `told` of its promises, and the `figures` that it measured.

    `releases` are the ledger's; `traffic` is what users of each component saw.
    """

    told: Sequence[Promise]
    releases: Sequence[Release] = ()
    traffic: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    figures: Sequence[Figure] = ()

    @property
    def promises(self) -> Sequence[Promise]:
        """All of them: that a figure is within its limit is one too."""
        return [*self.told, *(Promise(one.name, one.holds, str(one)) for one in self.figures)]


@dataclass(frozen=True)
class Story:
    """`run` plays it on a stage whose first release is out; one that `pushes` begins with nothing released at all."""

    name: str
    does: str
    run: Callable[[Stage], Played]
    pushes: bool = False


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
