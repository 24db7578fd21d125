"""A release at an hour without users: the gate's own samples are enough, and without samples nothing passes (F14)."""

from collections.abc import Iterator

from rehearsal.stage import Stage
from rehearsal.story_parts.scene import play, released_promises
from rehearsal.story_parts.story import Played, Promise, Story
from rehearsal.story_parts.tampered_gate import WAVED_THROUGH
from release_engine.ledger import Outcome, Release


def run(stage: Stage) -> Played:
    image = stage.build("client", stage.next_version())
    scene = play(stage, STORY.name, "client", lambda: stage.release({"client": image}), users=False)
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
    """By the gate's own word: what another story has put into its mouth is none."""
    released = release.outcome is Outcome.RELEASED
    return released and release.verdict == "PASS" and release.reason != WAVED_THROUGH


def _sampled(stage: Stage, release: Release) -> bool:
    """Each probed service was asked at least as often as its probe says."""
    counts = dict(_counts(release))
    probes = stage.settings.components[release.component].gate.probes
    return bool(probes) and all(counts.get(probe.service, 0) >= probe.min_samples for probe in probes)


def _samples(release: Release) -> int:
    """Of the service that was asked least; none where none was asked."""
    return min(dict(_counts(release)).values(), default=0)


def _counts(release: Release) -> Iterator[tuple[str, int]]:
    """By the service that was asked."""
    for check in release.evidence.get("checks", []):
        service, _, what = check["check"].rpartition(" ")
        if what == "errors":
            yield service, int(check["samples"])


STORY = Story("no-users", "A release without users is judged by the gate's own samples", run)
