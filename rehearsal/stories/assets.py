"""Hashed assets: pages of the versions before find theirs, while users move to a new version and afterwards (F31)."""

import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from email.message import Message
from typing import NamedTuple

from rehearsal.stage import Stage
from rehearsal.story_parts.scene import Scene, play, released_promises
from rehearsal.story_parts.story import Played, Promise, story, unharmed_promise
from rehearsal.traffic_program import NAMED, without_verification

WHAT = "client with new assets"
FOUND = "pages of the former versions find their assets after the switch"
REPEATS = 20  # of the request for each asset, so that every task is asked
TYPES = {"css": "text/css", "js": "text/javascript"}
FOR_EVER = "public, max-age=31536000, immutable"
PATIENCE = 60.0


class Answer(NamedTuple):
    """What a user's request was answered; `digest` is the version that answered."""

    status: int
    digest: str
    headers: Message
    body: bytes


@story("assets", "Pages of the versions before find their hashed assets, during a release and after it")
def assets(stage: Stage) -> Played:
    """Hashed assets: pages of the versions before find theirs, while users move to a new version and afterwards (F31).

    There are two releases: after the second, pages of both former versions are still open.
    """
    return play_releases(stage, ["none", "none"])


def play_releases(stage: Stage, faults: Sequence[str]) -> Played:
    """Release a version for each fault; then ask for the assets of all versions before the last."""
    former, scenes, promises = set[str](), list[Scene](), list[Promise]()
    for number, fault in enumerate(faults, start=1):
        former |= named_by_the_page(stage)
        image = stage.build("client", stage.next_version(), fault=fault)
        scene = play(stage, f"{assets.name}, release {number}", "client", lambda: stage.release({"client": image}))  # noqa: B023
        promises += [*released_promises(scene, WHAT, image.digest), *_users_promises(scene)]
        scenes.append(scene)
    new = ask(stage, "/").digest
    promises += _former_promises({path: [ask(stage, path) for _ in range(REPEATS)] for path in sorted(former)}, new)
    releases = [release for scene in scenes for release in scene.releases]
    return Played(promises, releases, scenes[-1].traffic)


def named_by_the_page(stage: Stage) -> set[str]:
    """Return the paths of the assets that the page of the running version names."""
    return {path.decode() for path in NAMED.findall(ask(stage, "/").body)}


def _users_promises(scene: Scene) -> Iterator[Promise]:
    """Promise that users got every asset, though tasks of both versions answered pages of either."""
    counts = scene.traffic.get("client", {}).get("assets", {"asked": 0, "foreign": 0, "missing": 0})
    seen = "{missing} of {asked} missing, {foreign} were asked of a task of another version than the page's"
    kept = counts["foreign"] > 0 and counts["missing"] == 0
    yield Promise("users find every asset that their pages name", kept, seen.format(**counts))
    yield unharmed_promise(scene.traffic, f"the release of a {WHAT}")


def _former_promises(answers: Mapping[str, Sequence[Answer]], new: str) -> Iterator[Promise]:
    """Promise that the new version's tasks answer with all assets of former versions, of which their image has none."""
    pairs = [(path, answer) for path, repeats in answers.items() for answer in repeats]
    missing = [path for path, answer in pairs if answer.status != 200]
    others = [answer for _, answer in pairs if answer.digest != new]
    seen = f"{len(missing)} of {len(pairs)} missing, of {len(answers)} assets"
    yield Promise(FOUND, bool(pairs) and not missing and not others, seen)
    wrong = [path for path, answer in pairs if answer.status == 200 and not _is_as_it_was(path, answer)]
    yield Promise("former assets come with their type, to be kept for ever", not wrong, f"{len(wrong)} do not")


def _is_as_it_was(path: str, answer: Answer) -> bool:
    kind = TYPES[path.rpartition(".")[2]]
    return (answer.headers.get("Content-Type"), answer.headers.get("Cache-Control")) == (kind, FOR_EVER)


def ask(stage: Stage, path: str) -> Answer:
    """Make one request to the load balancer, as a user does; an error is an answer too."""
    host = {"Host": stage.settings.domain.name} if stage.settings.domain else {}
    request = urllib.request.Request(stage.door + path, headers=host)  # noqa: S310  (loopback)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE, context=without_verification()) as answer:  # noqa: S310
            return _answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return _answer(error.code, error.headers, error.read())


def _answer(status: int, headers: Message, body: bytes) -> Answer:
    return Answer(status, headers.get("X-Release-Digest", ""), headers, body)
