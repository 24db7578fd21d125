"""The types that all stories share: a story, what it promises, and what it measures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rehearsal.stage import Running, Stage
from release_engine.ledger import Outcome, Release


@dataclass(frozen=True)
class Figure:
    """A number that was measured, and the most that it should be: an aim on a machine that has nothing else to do.

    `value` is None when it could not be measured, because what is measured did not happen; `seen` says what the
    number is made of.
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

    @property
    def broken(self) -> str:
        """How the aim was missed, such as "aim broken: 154 s of 120 s"; empty when it was not."""
        if self.holds:
            return ""
        value = "not measured" if self.value is None else f"{self.value:g} {self.unit}"
        return f"aim broken: {value} of {self.limit:g} {self.unit}"

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "holds": self.holds, "broken": self.broken}


@dataclass(frozen=True)
class Promise:
    """Something that must be true of every rehearsal, on a slow machine too; `seen` says what was."""

    name: str
    kept: bool
    seen: str = ""


@dataclass(frozen=True)
class Played:
    """What came of a story: the promises that it `checked`, and the `figures` that it measured.

    `releases` are the ledger's; `traffic` is what users of each component saw.
    """

    checked: Sequence[Promise]
    releases: Sequence[Release] = ()
    traffic: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    figures: Sequence[Figure] = ()

    @property
    def promises(self) -> Sequence[Promise]:
        """Every promise: those checked, and that each figure could be measured, for then what it measures has happened.

        That a figure is within its limit is no promise: a machine with other work to do is slower.
        """
        measured = (Promise(f"measured: {f.name}", f.value is not None, str(f)) for f in self.figures)
        return [*self.checked, *measured]


@dataclass(frozen=True)
class Story:
    """A scenario: `run` plays it on a stage whose first release is out; one that `pushes` begins with nothing released.

    Its name is what `python -m rehearsal --story` takes.
    """

    name: str
    does: str
    run: Callable[[Stage], Played]
    pushes: bool = False


def story(name: str, does: str, *, pushes: bool = False) -> Callable[[Callable[[Stage], Played]], Story]:
    """Make a story of the function that plays it."""
    return lambda run: Story(name, does, run, pushes)


def outcome_promise(release: Release | None, component: str, wanted: Outcome) -> Promise:
    """Promise that the ledger says that the release ended as `wanted`."""
    kept = bool(release and release.outcome is wanted)
    seen = release.outcome.value if release else "nothing in the ledger"
    why = f": {release.reason}" if release and not kept else ""
    return Promise(f"the {component} release ends as {wanted.value}", kept, f"{seen}{why}")


def running_promise(running: Running, component: str, digest: str) -> Promise:
    """Promise that there are running tasks and that every one has the digest (F1, F26)."""
    digests = ", ".join(sorted(digest[7:19] for digest in running.digests)) or "nothing"
    seen = f"{len(running.tasks)} tasks of {digests}, asked for {digest[7:19] or 'nothing'}"
    return Promise(f"every {component} task runs the digest that it should", running.digests == {digest}, seen)


def unharmed_promise(traffic: Mapping[str, Mapping[str, Any]], during: str) -> Promise:
    """Promise that there were users and that none of them saw a failure."""
    requests = sum(count["requests"] for count in traffic.values())
    failures = sum(count["failures"] for count in traffic.values())
    examples = [example for count in traffic.values() for example in count["examples"]][:3]
    seen = "; ".join([f"{failures} of {requests} requests failed", *examples])
    return Promise(f"no user's request fails during {during}", requests > 0 and failures == 0, seen)
