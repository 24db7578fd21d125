"""Good versions of web and client go out one after the other while users make ten thousand requests: none may fail."""

from collections.abc import Mapping
from typing import Any

from rehearsal.stage import Stage
from rehearsal.story_parts.story import Played, Promise, running_promise, story, unharmed_promise
from release_engine.ledger import Outcome, Release

REQUESTS, RATE, MOST_ROUNDS = 10_000, 150.0, 12
COMPONENTS = ("backend", "client")
Seen = Mapping[str, Mapping[str, Any]]


@story("many-users", "Good versions of web and client go out while users make ten thousand requests")
def many_users(stage: Stage) -> Played:
    """Good versions of web and client go out, again and again, under ten thousand requests: none may fail."""
    releases = list[Release]()
    with stage.traffic.at(RATE) as users:
        users.begin(many_users.name)
        users.wait_for_requests(many_users.name)
        for _ in range(MOST_ROUNDS):
            releases += _go_out(stage)
            if _made(users.counts[many_users.name]) >= REQUESTS:
                break
        seen = users.end(many_users.name)
    good = [release for release in releases if release.outcome is Outcome.RELEASED]
    went_out = f"{len(good)} of {len(releases)} went out"
    promises = [
        Promise("every release of web and client under many users is good", good == releases, went_out),
        *(running_promise(stage.running(last.component), last.component, last.digest) for last in releases[-2:]),
        enough_promise(seen),
        unharmed_promise(seen, "good releases under many users"),
    ]
    return Played(promises, releases, seen)


def _go_out(stage: Stage) -> list[Release]:
    """Release a new version of each; return the releases that the ledger has."""
    stage.release({name: stage.build(name, stage.next_version()) for name in COMPONENTS})
    return [release for name in COMPONENTS if (release := stage.latest(name))]


def enough_promise(seen: Seen) -> Promise:
    """Promise that users made as many requests as the story needs: without requests none can fail."""
    made = _made(seen)
    return Promise(f"users make at least {REQUESTS} requests meanwhile", made >= REQUESTS, f"{made} requests")


def _made(seen: Seen) -> int:
    return sum(count["requests"] for count in seen.values())
