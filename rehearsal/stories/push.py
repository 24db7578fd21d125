"""A commit goes to production, by the pipeline alone; another breaks the client and comes no further than staging."""

from collections.abc import Mapping
from dataclasses import dataclass

from rehearsal.git_repositories import Monorepo
from rehearsal.pipeline_runs import Run, run_of
from rehearsal.stage import Running, Stage
from rehearsal.story_parts.figures import own_time_of_push
from rehearsal.story_parts.story import Played, Promise, outcome_promise, running_promise, story, unharmed_promise
from release_engine.ledger import Outcome, Release

APPROVAL = ("Approval", "Approve")
Everything = Mapping[str, Running]


@dataclass(frozen=True)
class Pushed:
    """What came of a commit; `before` and `after` say what ran, by environment and component."""

    commit: str
    run: Run
    status: str
    before: Mapping[str, Everything]
    after: Mapping[str, Everything]

    def same(self, environment: str, component: str) -> bool:
        """Whether the very same tasks of a component run as before."""
        return self.before[environment][component] == self.after[environment][component]


@story("push", "A commit goes to production; another breaks the client and is undone", pushes=True)
def push(stage: Stage) -> Played:
    """A commit goes to production by the pipeline alone; another breaks the client and stays in staging."""
    assert stage.staging is not None  # noqa: S101 - a story that pushes has it
    assert stage.monorepo is not None  # noqa: S101
    paths = {name: component.path for name, component in stage.settings.components.items()}
    monorepo = Monorepo(stage.monorepo, paths)
    monorepo.write_all("1.0.0")
    first = _push(stage, monorepo, "the exchange")
    promises = _everywhere(stage, first)
    stage.traffic.begin(push.name)
    stage.traffic.wait_for_requests(push.name)
    monorepo.set_version("client", "2.0.0")
    good = _push(stage, monorepo, "a client with more in it")
    promises += _client_alone(stage, good)
    figures = [own_time_of_push(_environments(stage), good.run, APPROVAL)]
    monorepo.set_version("client", "3.0.0", fault="errors-for-a-fifth")
    bad = _push(stage, monorepo, "a client that fails a fifth of its requests")
    promises += _stopped(stage, good, bad)
    monorepo.set_version("client", "4.0.0", fault="shows-nothing")
    empty = _push(stage, monorepo, "a client whose pages are empty")
    traffic = stage.traffic.end(push.name)
    promises += [*_unaccepted(stage, good, empty), unharmed_promise(traffic, "all pushes")]
    return Played(promises, _releases(stage, good.run, bad.run, empty.run), traffic, figures)


def _push(stage: Stage, monorepo: Monorepo, message: str) -> Pushed:
    """Push everything, approve if the pipeline comes to the approval, and return what came of it."""
    before, commit = _running(stage), monorepo.push(message)
    run = run_of(stage, commit)
    if run.wait_for(*APPROVAL):
        run.approve(*APPROVAL)
    status = run.wait()
    for action in run.actions():
        seconds = f"{(action.ended or action.began) - action.began:6.1f} s"
        stage.say(f"{action.stage:24} {action.name:16} {seconds} {action.status:10} {action.summary}")
        for line in run.log_tail(action) if action.status == "Failed" else ():
            stage.say(f"    {line}")
    return Pushed(commit, run, status, before, _running(stage))


def _environments(stage: Stage) -> list[Stage]:
    """Return the stages of staging and production."""
    return [environment for environment in (stage.staging, stage) if environment]


def _running(stage: Stage) -> dict[str, Everything]:
    return {
        environment.settings.environment: {name: environment.running(name) for name in environment.settings.chain}
        for environment in _environments(stage)
    }


def _everywhere(stage: Stage, pushed: Pushed) -> list[Promise]:
    """Promise that everything was built once and the same images run in both environments."""
    promises = [_ended(pushed, "the first push", "Succeeded"), _order(stage, pushed)]
    for name in stage.settings.chain:
        digests = {environment: after[name].digests for environment, after in pushed.after.items()}
        once = len(set(digests.values())) == 1 and all(len(running) == 1 for running in digests.values())
        promises.append(Promise(f"one image of {name} runs in both environments", once, _listed(digests)))
        for environment in _environments(stage):
            release, what = environment.latest(name), f"first {environment.settings.environment} {name}"
            promises += [outcome_promise(release, what, Outcome.RELEASED), _manifest(release, what, pushed.commit)]
    return promises


def _manifest(release: Release | None, what: str, commit: str) -> Promise:
    """Promise that the ledger keeps the manifest, by which a later rollback is planned (schema, formats)."""
    manifest = dict(release.manifest or {}) if release else {}
    same = release is not None and (manifest.get("commit"), manifest.get("digest")) == (commit, release.digest)
    return Promise(f"the ledger keeps the manifest of the {what} release", same, str(manifest or "none"))


def _order(stage: Stage, pushed: Pushed) -> Promise:
    """Promise that staging went before production, and each in the chain's order."""
    chain = [name.capitalize() for name in stage.settings.chain]
    wanted = [f"{label}{name}" for label in ("Staging", "Production") for name in chain]
    order = list(dict.fromkeys(action.stage for action in pushed.run.actions() if action.stage in wanted))
    return Promise("staging goes before production, and each in the chain's order", order == wanted, ", ".join(order))


def _client_alone(stage: Stage, pushed: Pushed) -> list[Promise]:
    """Promise that a change under client/ builds and releases the client alone."""
    promises = [_ended(pushed, "a push of another client", "Succeeded")]
    digests = {environment: after["client"].digests for environment, after in pushed.after.items()}
    for target in _environments(stage):
        environment, release = target.settings.environment, target.latest("client")
        promises.append(outcome_promise(release, f"pushed {environment} client", Outcome.RELEASED))
        promises.append(
            running_promise(target.running("client"), f"{environment} client", release.digest if release else "")
        )
        others = [name for name in target.settings.chain if name != "client"]
        promises += [
            Promise(f"{name} of {environment} is untouched by a push of the client", pushed.same(environment, name))
            for name in others
        ]
        more = [name for name in others if _requested(target.latest(name), pushed.run)]
        promises.append(Promise(f"only the client is released in {environment}", not more, f"also released: {more}"))
    promises.append(Promise("production has what staging had", len(set(digests.values())) == 1, _listed(digests)))
    return promises


def _stopped(stage: Stage, good: Pushed, bad: Pushed) -> list[Promise]:
    """Promise that the bad client is undone in staging, where it came first, and production is untouched."""
    assert stage.staging is not None  # noqa: S101
    staging, environment = stage.staging, stage.staging.settings.environment
    kept = good.after[environment]["client"].digests
    release = staging.latest("client")
    undone = running_promise(staging.running("client"), f"{environment} client", next(iter(kept), ""))
    reached = [action.stage for action in bad.run.actions() if action.stage.startswith(("Approval", "Production"))]
    return [
        _ended(bad, "a push of a bad client", "Failed"),
        outcome_promise(release, f"pushed bad {environment} client", Outcome.ROLLED_BACK),
        undone,
        Promise("nobody is asked to approve a bad client", not reached, ", ".join(reached) or "it ended before"),
        *(
            Promise(f"{name} of production is untouched by a bad client", bad.same(stage.settings.environment, name))
            for name in stage.settings.chain
        ),
    ]


def _unaccepted(stage: Stage, good: Pushed, empty: Pushed) -> list[Promise]:
    """Promise that the acceptance fails for what no gate looks at, and undoes what this execution released alone."""
    assert stage.staging is not None  # noqa: S101
    staging, environment = stage.staging, stage.staging.settings.environment
    releases = staging.ledger.releases("client")
    released = next((release for release in releases if _requested(release, empty.run)), None)
    reached = [action.stage for action in empty.run.actions() if action.stage.startswith(("Approval", "Production"))]
    others = [name for name in staging.settings.chain if name != "client"]
    return [
        _ended(empty, "a push of a client with empty pages", "Failed"),
        outcome_promise(released, f"pushed empty {environment} client", Outcome.RELEASED),
        outcome_promise(staging.latest("client"), f"undoing {environment} client", Outcome.RELEASED),
        running_promise(
            staging.running("client"),
            f"{environment} client",
            next(iter(good.after[environment]["client"].digests), ""),
        ),
        Promise(
            "nobody is asked to approve a client with empty pages", not reached, ", ".join(reached) or "it ended before"
        ),
        *(
            Promise(f"{name} of {environment} is untouched by a client with empty pages", empty.same(environment, name))
            for name in others
        ),
    ]


def _ended(pushed: Pushed, what: str, wanted: str) -> Promise:
    failed = [f"{a.stage} {a.name}: {a.summary}" for a in pushed.run.actions() if a.status == "Failed"]
    return Promise(f"{what} ends as {wanted}", pushed.status == wanted, "; ".join([pushed.status, *failed]))


def _requested(release: Release | None, run: Run) -> bool:
    """Whether there is a release and this execution of the pipeline asked for it."""
    return release is not None and release.requested_by == f"pipeline:{run.execution}"


def _releases(stage: Stage, *runs: Run) -> list[Release]:
    """Return the releases that these executions asked for, in both environments."""
    return [
        release
        for environment in _environments(stage)
        for name in environment.settings.chain
        for release in environment.ledger.releases(name)
        if any(_requested(release, run) for run in runs)
    ]


def _listed(digests: Mapping[str, frozenset[str]]) -> str:
    """Return the short digests by environment, for people."""
    short = {name: ", ".join(sorted(digest[7:19] for digest in running)) for name, running in digests.items()}
    return "; ".join(f"{name}: {running or 'nothing'}" for name, running in short.items())
