"""A rollback that fails, and the runbook that mends it (F5, F8)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rehearsal.build import Image
from rehearsal.commands import Finished, wait_until
from rehearsal.registry import push
from rehearsal.stage import LONGEST_RELEASE, Stage
from rehearsal.story_parts import account, by_hand, nets
from rehearsal.story_parts.scene import (
    Scene,
    conservation_promises,
    lost_jobs,
    play,
    released_promises,
    settled,
    spared_promises,
    unsuccessful_promises,
)
from rehearsal.story_parts.story import Played, Promise, outcome_promise, running_promise, story
from release_engine.ledger import Kind, Outcome

ENGINE, FAILED, MENDED = "engine", "UPDATE_ROLLBACK_FAILED", "UPDATE_ROLLBACK_COMPLETE"
SECTION = f"A stack is {FAILED}"
WHAT, REPAIR, NEXT = "engine that cannot be undone", "engine mended by the runbook", "engine after the mended one"


@dataclass(frozen=True)
class Seen:
    """What the person finds who was paged.

    `stack` is the stack's status, `status` what the command `status` printed, `trades` how many there are. `alerts` are
    the pages, `rollback` is how a rollback ended that was tried at once.
    """

    stack: str
    status: Finished
    trades: float
    alerts: Sequence[str] = ()
    rollback: Finished | None = None


@story("failed-rollback", "A rollback that fails pages, and the runbook's commands mend it")
def failed_rollback(stage: Stage) -> Played:
    """A rollback that fails: somebody deletes the former image while a bad engine goes out (F5, F8).

    A singleton's former task has ended before the new one is started, so the way back needs its image. ECS gives up,
    CloudFormation's stack is UPDATE_ROLLBACK_FAILED, the machine pages. Then somebody types what docs/runbook.md says
    under "A stack is UPDATE_ROLLBACK_FAILED", command by command.
    """
    faults = ("none", "crash-at-start", "none")
    good, bad, newer = (stage.build(ENGINE, stage.next_version(), fault=fault) for fault in faults)
    lost = lost_jobs(settled(stage))
    first = stage.release({ENGINE: good})
    with account.listening(stage) as alerts:
        failed = play(stage, failed_rollback.name, ENGINE, lambda: _release_and_delete(stage, bad, good))
        seen = _look(stage, failed, alerts)
    mended = play(stage, f"{failed_rollback.name}, mended", ENGINE, lambda: _mend(stage, good))
    whole, figures = _look(stage, mended), settled(stage, lost=lost)
    nets.wait_for_quiet(stage, ENGINE)
    again = play(stage, f"{failed_rollback.name}, again", ENGINE, lambda: stage.release({ENGINE: newer}))
    promises = [
        Promise("the engine whose image is deleted is released first", first.code == 0, first.output[-300:]),
        *_failed_promises(failed, seen, bad),
        *_mended_promises(mended, whole, good),
        *_trading_promises(seen, figures, lost),
        *released_promises(again, NEXT, newer.digest),
    ]
    return Played(promises, [*failed.releases, *mended.releases, *again.releases], failed.traffic)


def _release_and_delete(stage: Stage, bad: Image, former: Image) -> Finished:
    """Release the bad image, and delete the former one when the update begins: preflight has seen both by then."""
    under_way = stage.start({ENGINE: bad})
    wait_until(lambda: by_hand.stack_status(stage, ENGINE) == "UPDATE_IN_PROGRESS", "the stack's update begins")
    stage.client("ecr").batch_delete_image(
        repositoryName=stage.repository(ENGINE), imageIds=[{"imageDigest": former.digest}]
    )
    return under_way.wait(LONGEST_RELEASE)


def _look(stage: Stage, scene: Scene, alerts: account.Alerts | None = None) -> Seen:
    """Return what can be seen now; with `alerts` also try a rollback at once."""
    seen = Seen(
        by_hand.stack_status(stage, ENGINE),
        stage.command("status", ENGINE).wait(LONGEST_RELEASE),
        settled(stage)["trades"],
    )
    if alerts is None or scene.release is None:
        return seen
    rollback = stage.command("rollback", ENGINE, "--yes").wait(LONGEST_RELEASE)
    return replace(seen, alerts=alerts.about(scene.release.release_id), rollback=rollback)


def _mend(stage: Stage, former: Image) -> Finished:
    """Push the deleted image again, which removes the cause, then type the runbook's commands."""
    push(stage.client("ecr"), stage.repository(ENGINE), former)
    return by_hand.follow_runbook(stage, ENGINE, SECTION)


def _failed_promises(scene: Scene, seen: Seen, bad: Image) -> list[Promise]:
    pages, tasks = "; ".join(seen.alerts), len(scene.after[ENGINE].tasks)
    paged = len(seen.alerts) == 1 and all(word in pages for word in ("engine: failed", bad.digest, FAILED))
    return [
        *unsuccessful_promises(scene, WHAT, Outcome.FAILED, [FAILED]),
        Promise(
            "its reason names what could not be pulled", f"{scene.former}: not found" in scene.reason, scene.reason
        ),
        Promise("its rollback fails", (seen.stack, tasks) == (FAILED, 0), f"{seen.stack}, {tasks} tasks"),
        Promise("a rollback that fails pages, once", paged, pages or "nobody was told"),
        Promise(
            "status tells of a stack that is not whole",
            f"its stack is {FAILED}" in seen.status.output,
            seen.status.output,
        ),
        Promise(
            "a rollback of a stack that is not whole is refused",
            seen.rollback is not None and seen.rollback.code != 0 and FAILED in seen.rollback.output,
            seen.rollback.output[-300:] if seen.rollback else "not tried",
        ),
        _unmet_promise(scene, bad),
        *spared_promises(scene, WHAT),
    ]


def _unmet_promise(scene: Scene, bad: Image) -> Promise:
    """Promise that the bad engine answered no request of users to any component, as they send none to an engine."""
    digests = [count["digests"] for count in scene.traffic.values()]
    met = sum(counts.get(bad.digest, 0) for counts in digests)
    requests = sum(sum(counts.values()) for counts in digests)
    return Promise(f"no user meets the {WHAT}", requests > 0 and met == 0, f"{met} of {requests} requests met it")


def _mended_promises(scene: Scene, seen: Seen, former: Image) -> list[Promise]:
    release, status = scene.release, seen.status
    recorded = release is not None and (release.kind, release.digest) == (Kind.ROLLBACK, former.digest)
    runs = f"({former.digest}), released" in status.output and "_FAILED" not in status.output
    return [
        Promise("the runbook's last command succeeds", scene.ended.code == 0, scene.ended.output[-300:]),
        outcome_promise(release, REPAIR, Outcome.RELEASED),
        Promise("the ledger says that the former digest is back", recorded, str(release)),
        Promise("the stack is whole again", seen.stack == MENDED, seen.stack),
        Promise("status says what runs", runs, status.output),
        running_promise(scene.after[ENGINE], ENGINE, former.digest),
        *spared_promises(scene, REPAIR),
    ]


def _trading_promises(seen: Seen, figures: dict[str, float], lost: float) -> list[Promise]:
    """Promise that orders, which waited while there was no engine, are matched when it is back, and none is lost."""
    before, now = seen.trades, figures["trades"]
    return [
        Promise("trades come again when it is mended", now > before, f"{before:.0f}, then {now:.0f}"),
        *conservation_promises(figures, lost=lost),
    ]
