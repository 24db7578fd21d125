"""Releases that go well: the first one, one under users, one without users, and one of what runs already."""

from collections.abc import Iterator

from rehearsal.stage import Stage
from rehearsal.story_parts import figures
from rehearsal.story_parts.scene import (
    Scene,
    conservation_promises,
    lost_jobs,
    play,
    released_promises,
    settled,
    spared_promises,
)
from rehearsal.story_parts.story import (
    Figure,
    Played,
    Promise,
    outcome_promise,
    running_promise,
    story,
    unharmed_promise,
)
from rehearsal.story_parts.tampered_gate import WAVED_THROUGH
from release_engine.ledger import Outcome, Release

UNCHANGED = "client that runs already"
SECONDS, LONGEST = "seconds that a release with nothing to do takes, its command included", 10.0


@story("first-release", "The first release brings every service to life")
def first_release(stage: Stage) -> Played:
    """The stacks are deployed and the repositories were empty: the first release brings the services to life."""
    images = stage.build_all()
    ended = stage.release(images)
    releases = {component: stage.latest(component) for component in images}
    promises = [Promise("the first release of all components succeeds", ended.code == 0, f"exit code {ended.code}")]
    for component, image in images.items():
        promises += [
            outcome_promise(releases[component], f"first {component}", Outcome.RELEASED),
            running_promise(stage.running(component), component, image.digest),
        ]
    return Played(promises, [release for release in releases.values() if release])


@story("good-release", "A good release of backend, client and engine while users trade")
def good_release(stage: Stage) -> Played:
    """A new version of everything, in order, while users trade."""
    images = stage.build_all()
    lost = lost_jobs(settled(stage))
    stage.traffic.begin(good_release.name)
    stage.traffic.wait_for_requests(good_release.name)
    ended = stage.release(images)
    traffic = stage.traffic.end(good_release.name)
    releases = {component: stage.latest(component) for component in images}
    promises = [
        Promise("a good release of all components succeeds", ended.code == 0, f"exit code {ended.code}"),
        unharmed_promise(traffic, "a good release"),
        *conservation_promises(settled(stage, lost=lost), lost=lost),
    ]
    for component, image in images.items():
        promises += [
            outcome_promise(releases[component], f"good {component}", Outcome.RELEASED),
            running_promise(stage.running(component), component, image.digest),
        ]
    recorded = [release for release in releases.values() if release]
    return Played(promises, recorded, traffic, [figures.own_time_of_chain(stage, recorded, ended.seconds)])


@story("unchanged", "A release of what runs already ends at once, with nothing touched")
def unchanged(stage: Stage) -> Played:
    """A release of the digest that runs already and whose last release was good: there is nothing to do."""
    image = stage.build("client", stage.next_version())
    released, first = stage.release({"client": image}), stage.latest("client")
    before = _release_ids(stage)
    scene = play(stage, unchanged.name, "client", lambda: stage.release({"client": image}))
    promises = [
        Promise("the client to be released again is released first", released.code == 0, f"exit code {released.code}"),
        outcome_promise(first, "client to be released again", Outcome.RELEASED),
        *_unchanged_promises(scene, image.digest),
        Promise(
            f"the ledger knows no release of a {UNCHANGED}",
            _release_ids(stage) == before,
            f"{len(before)} releases before",
        ),
        Promise(f"the lock is free after the release of a {UNCHANGED}", stage.ledger.lock("client").holder is None),
    ]
    seconds = Figure(SECONDS, round(scene.ended.seconds, 1), LONGEST, "s")
    return Played(promises, scene.releases, scene.traffic, [seconds])


def _unchanged_promises(scene: Scene, digest: str) -> list[Promise]:
    ended = scene.ended
    same = scene.after["client"] == scene.before["client"]
    line = f"client already runs {digest}: nothing to release"
    return [
        Promise(f"releasing a {UNCHANGED} succeeds", ended.code == 0, f"exit code {ended.code}"),
        Promise(f"the command line says that a {UNCHANGED} does", line in ended.lines, "\n".join(ended.lines[-3:])),
        Promise(f"no task of client is touched by a {UNCHANGED}", same, f"{len(scene.after['client'].tasks)} tasks"),
        running_promise(scene.after["client"], "client", digest),
        *spared_promises(scene, UNCHANGED),
    ]


def _release_ids(stage: Stage) -> list[str]:
    return [release.release_id for release in stage.ledger.releases("client")]


@story("no-users", "A release without users is judged by the gate's own samples")
def no_users(stage: Stage) -> Played:
    """A release without users: the gate's own samples are enough, and without samples nothing passes (F14)."""
    image = stage.build("client", stage.next_version())
    scene = play(stage, no_users.name, "client", lambda: stage.release({"client": image}), users=False)
    passed = [release for name in stage.settings.chain for release in stage.ledger.releases(name) if _passed(release)]
    promises = [
        *released_promises(scene, "client without users", image.digest),
        Promise("the verdict without users is PASS", bool(scene.release and _passed(scene.release)), scene.reason),
        Promise(
            "nothing ever passes with fewer samples than the minimum",
            bool(passed) and all(_sampled(stage, release) for release in passed),
            f"{len(passed)} releases passed, with {min(map(_samples, passed), default=0)} samples at least",
        ),
    ]
    return Played(promises, scene.releases)


def _passed(release: Release) -> bool:
    """Whether the real gate let a release pass, and not one that another story had tampered with."""
    released = release.outcome is Outcome.RELEASED
    return released and release.verdict == "PASS" and release.reason != WAVED_THROUGH


def _sampled(stage: Stage, release: Release) -> bool:
    """Whether the gate took at least the minimum of samples from each service that it probes."""
    counts = dict(_counts(release))
    probes = stage.settings.components[release.component].gate.probes
    return bool(probes) and all(counts.get(probe.service, 0) >= probe.min_samples for probe in probes)


def _samples(release: Release) -> int:
    """Return the samples of the service with the fewest; 0 if there are none."""
    return min(dict(_counts(release)).values(), default=0)


def _counts(release: Release) -> Iterator[tuple[str, int]]:
    """Yield each probed service with the number of its samples, from the release's evidence."""
    for check in release.evidence.get("checks", []):
        service, _, what = check["check"].rpartition(" ")
        if what == "errors":
            yield service, int(check["samples"])
