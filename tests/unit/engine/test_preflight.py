"""Preflight names everything that is wrong, at once: also of secrets that tasks refer to, and of times.

What ECS has is held against what the gate and the release machine allow.
"""

from dataclasses import replace

import pytest

from release_engine.ledger import Kind
from release_engine.model import parse_components, parse_window
from release_engine.preflight import (
    PreflightFacts,
    Replacement,
    Secret,
    ServiceSetup,
    WantedRelease,
    arn_of,
    problems,
    secret_problems,
    setup_problems,
    unchanged,
)
from release_engine.running import Rollout, Running, Traffic
from release_engine.times import PATIENCE_MINUTES
from tests.unit.aws.account import COMPONENT
from tests.unit.aws.answers import NEW, OLD

CLIENT = parse_components({"client": COMPONENT})["client"]
ASKED = WantedRelease("20261124T101500Z-3f2a9c1b", NEW, Kind.RELEASE, at=1_795_000_000)
FOUND = PreflightFacts("UPDATE_COMPLETE", OLD, frozenset({OLD, NEW}), {"exchange-test-client-5xx": "OK"})

WINDOWED = replace(CLIENT, window=parse_window({"days": ["sun"], "opens": "02:00", "closes": "03:00"}))
SETUP = ServiceSetup("web", "definition", Replacement("BLUE_GREEN", bake=3, hooks=(30,)), rule="rule", serving="blue")
TRAFFIC = Traffic("web", "rule", {"blue": 100, "green": 0}, "blue")
SECRET = "arn:aws:secretsmanager:us-west-2:111122223333:secret:Login-AbCdEf"  # noqa: S105 - its name
# what a rollback may be the answer to, so that it does not hold one up
UNWISE = {
    "f13_red_alarm": (replace(FOUND, alarms={"a": "ALARM", "b": "INSUFFICIENT_DATA"}), "alarm a is in ALARM"),
    "f15_weights": (
        replace(FOUND, traffic=(replace(TRAFFIC, weights={"blue": 90, "green": 10}),)),
        "listener rule rule has the weights blue 90, green 10",
    ),
    "f15_deployment": (
        replace(FOUND, setups=(replace(SETUP, under_way="IN_PROGRESS"),)),
        "web: an ECS deployment is IN_PROGRESS",
    ),
    "f15_change_set": (
        replace(FOUND, change_sets=({"ChangeSetName": "cdk-1", "Status": "CREATE_IN_PROGRESS"},)),
        "exchange-test-client: change set cdk-1 is CREATE_IN_PROGRESS",
    ),
    "f26_stray": (
        replace(FOUND, running=(Running("web", 1, {OLD: 1}, Rollout.COMPLETED, strays={OLD: ["8c1f"]}),)),
        f"web: task 8c1f was started by hand and runs {OLD}: no release replaces it",
    ),
    "timeouts": (
        replace(FOUND, setups=(replace(SETUP, replacement=Replacement("CANARY", bake=3, breaker=True)),)),
        "web: a circuit breaker is for ROLLING deployments only",
    ),
}


def test_a_sound_component_may_be_released() -> None:
    assert problems(CLIENT, ASKED, FOUND) == []
    assert problems(CLIENT, ASKED, replace(FOUND, former_digest=None, images=frozenset({NEW}))) == []


def test_without_a_digest_it_is_asked_whether_anything_could_be_released() -> None:
    wanted = replace(ASKED, digest=None)
    assert problems(CLIENT, wanted, replace(FOUND, images=frozenset({OLD}))) == []
    assert problems(CLIENT, wanted, replace(FOUND, former_digest=None, images=frozenset())) == []
    listed = problems(CLIENT, wanted, replace(FOUND, images=frozenset(), alarms={"a": "ALARM"}))
    assert [problem.split(" ", 2)[:2] for problem in listed] == [["former", "image"], ["alarm", "a"]]


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        *(pytest.param(*case, id=name) for name, case in UNWISE.items()),
        pytest.param(replace(FOUND, stack_status="UPDATE_ROLLBACK_FAILED"), "is UPDATE_ROLLBACK_FAILED", id="f5"),
        pytest.param(replace(FOUND, stack_status="UPDATE_IN_PROGRESS"), "is UPDATE_IN_PROGRESS", id="f20_busy_stack"),
        pytest.param(replace(FOUND, stack_status="ROLLBACK_COMPLETE"), "is ROLLBACK_COMPLETE", id="never_created"),
        pytest.param(replace(FOUND, stack_status=None), "the stack does not exist", id="no_stack"),
        pytest.param(replace(FOUND, images=frozenset({OLD})), f"image {NEW} is not in repository client", id="image"),
        pytest.param(replace(FOUND, images=frozenset({NEW})), f"former image {OLD} is gone", id="f8_former_image"),
        pytest.param(
            replace(FOUND, secrets={SECRET: Secret(deleted=True)}), "is scheduled for deletion", id="deleted_secret"
        ),
    ],
)
def test_each_problem_is_refused_by_name(facts: PreflightFacts, problem: str) -> None:
    listed = problems(CLIENT, ASKED, facts)
    assert len(listed) == 1
    assert problem in listed[0]


@pytest.mark.parametrize("digest", ["latest", "v1.2", "sha256:ABC", NEW[:-1], f"{NEW}0", ""])
def test_f7_a_tag_is_not_a_version(digest: str) -> None:
    assert "is not an image digest" in problems(CLIENT, replace(ASKED, digest=digest), FOUND)[0]


@pytest.mark.parametrize("name", ["", "with space", "x" * 81, "-first"])
def test_a_release_that_cannot_be_named_is_refused(name: str) -> None:
    assert "cannot name a release" in problems(CLIENT, replace(ASKED, release_id=name), FOUND)[0]


def test_all_problems_come_at_once() -> None:
    facts = PreflightFacts(
        "UPDATE_FAILED",
        OLD,
        frozenset(),
        {"a": "ALARM", "b": "ALARM"},
        change_sets=({"ChangeSetName": "c", "Status": "CREATE_COMPLETE", "ExecutionStatus": "EXECUTE_IN_PROGRESS"},),
        setups=(replace(SETUP, under_way="PENDING", replacement=Replacement("BLUE_GREEN", breaker=True)),),
        traffic=(replace(TRAFFIC, serving="green"),),
        secrets={SECRET: Secret()},
    )
    manifest = {"component": "backend", "digest": OLD, "schema": {"phase": "maybe"}}
    assert len(problems(WINDOWED, replace(ASKED, manifest=manifest), facts)) == 15


def test_a_closed_window_refuses_a_release_and_says_when_it_opens() -> None:
    (problem,) = problems(WINDOWED, ASKED, FOUND)
    assert problem.startswith("client: the release window (")
    assert "it opens at 20" in problem


def test_a_schema_that_is_no_object_is_refused() -> None:
    listed = problems(CLIENT, replace(ASKED, manifest={"schema": ["x"]}), FOUND)
    assert listed == ["release.json: schema is ['x'], not an object"]


@pytest.mark.parametrize("facts", [facts for facts, _ in UNWISE.values()], ids=UNWISE)
def test_a_rollback_is_not_held_up_by_what_it_may_answer(facts: PreflightFacts) -> None:
    back = replace(ASKED, kind=Kind.ROLLBACK)
    assert problems(WINDOWED, back, replace(facts, images=frozenset({NEW}))) == []


def test_a_rollback_is_refused_for_what_makes_it_impossible() -> None:
    facts = replace(FOUND, stack_status="UPDATE_IN_PROGRESS", images=frozenset(), secrets={SECRET: Secret()})
    assert len(problems(CLIENT, replace(ASKED, kind=Kind.ROLLBACK), facts)) == 3


RUNNING = tuple(Running(name, 2, {NEW: 2}, Rollout.COMPLETED) for name in CLIENT.service_names)
SAME = replace(FOUND, former_digest=NEW, released=NEW, running=RUNNING, traffic=(TRAFFIC,))


@pytest.mark.parametrize("status", ["UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_what_was_released_well_last_and_runs_everywhere_has_nothing_to_be_released(status: str) -> None:
    facts = replace(SAME, stack_status=status)
    assert problems(CLIENT, ASKED, facts) == []
    assert unchanged(CLIENT, ASKED, facts)


@pytest.mark.parametrize(
    ("wanted", "facts"),
    [
        pytest.param(replace(ASKED, kind=Kind.ROLLBACK), SAME, id="a_rollback"),
        pytest.param(replace(ASKED, digest=None), SAME, id="nothing_is_named"),
        pytest.param(ASKED, replace(SAME, former_digest=OLD), id="the_stack_has_another"),
        pytest.param(ASKED, replace(SAME, former_digest=None), id="the_stack_has_none"),
        pytest.param(ASKED, replace(SAME, released=OLD), id="another_was_released_well_last"),
        pytest.param(ASKED, replace(SAME, released=None), id="none_was_ever_released_well"),
        pytest.param(ASKED, replace(SAME, running=()), id="nothing_runs"),
        pytest.param(ASKED, replace(SAME, running=RUNNING[:1]), id="a_service_is_missing"),
        pytest.param(
            ASKED, replace(SAME, running=(RUNNING[0], replace(RUNNING[1], tasks={NEW: 1, OLD: 1}))), id="f26_one_task"
        ),
        pytest.param(ASKED, replace(SAME, running=(RUNNING[0], replace(RUNNING[1], tasks={NEW: 1}))), id="too_few"),
        pytest.param(
            ASKED, replace(SAME, running=(RUNNING[0], replace(RUNNING[1], tasks={}, desired=0))), id="none_is_desired"
        ),
        pytest.param(
            ASKED,
            replace(SAME, running=(RUNNING[0], replace(RUNNING[1], rollout=Rollout.FAILED))),
            id="its_deployment_failed",
        ),
        pytest.param(
            ASKED, replace(SAME, running=(RUNNING[0], replace(RUNNING[1], strays={OLD: ["8c1f"]}))), id="f26_a_stray"
        ),
        pytest.param(ASKED, replace(SAME, traffic=(replace(TRAFFIC, serving="green"),)), id="f15_users_are_elsewhere"),
    ],
)
def test_where_anything_is_in_doubt_it_is_released_like_any_other(wanted: WantedRelease, facts: PreflightFacts) -> None:
    assert not unchanged(CLIENT, wanted, facts)


ARN = "arn:aws:secretsmanager:us-west-2:111122223333:secret:Login-AbCdEf"
SOUND = Secret(stages=frozenset({"AWSCURRENT", "AWSPREVIOUS"}))


@pytest.mark.parametrize(
    ("reference", "arn"),
    [
        (ARN, ARN),
        (f"{ARN}:username::", ARN),
        (f"{ARN}:username:AWSPREVIOUS:", ARN),
        ("arn:aws:ssm:us-west-2:111122223333:parameter/level", None),
        ("level", None),
    ],
)
def test_a_reference_may_go_on_behind_the_arn(reference: str, arn: str | None) -> None:
    assert arn_of(reference) == arn


@pytest.mark.parametrize(
    ("reference", "secret", "problem"),
    [
        (ARN, Secret(trouble="ResourceNotFoundException"), f"secret {ARN} cannot be resolved: ResourceNotFound"),
        (ARN, Secret(deleted=True, stages=SOUND.stages), f"secret {ARN} is scheduled for deletion"),
        (f"{ARN}:key::", Secret(), f"secret {ARN} has no version AWSCURRENT, only none at all"),
        (f"{ARN}:key:blue:", SOUND, f"secret {ARN} has no version blue, only AWSCURRENT, AWSPREVIOUS"),
    ],
)
def test_a_secret_that_no_task_could_resolve_is_named(reference: str, secret: Secret, problem: str) -> None:
    (listed,) = secret_problems({reference: secret})
    assert listed.startswith(problem)


def test_a_sound_secret_is_no_problem_and_a_bad_one_is_named_once() -> None:
    assert secret_problems({ARN: SOUND, f"{ARN}:username:AWSPREVIOUS:": SOUND}) == []
    assert (
        len(secret_problems({f"{ARN}:username::": Secret(deleted=True), f"{ARN}:password::": Secret(deleted=True)}))
        == 1
    )


INTERVAL = 30  # seconds, so the gate asks for 5 minutes at most
BLUE_GREEN = Replacement("BLUE_GREEN", bake=3, hooks=(30,))


@pytest.mark.parametrize(
    "replacement",
    [
        BLUE_GREEN,
        replace(BLUE_GREEN, strategy="CANARY", steps=10),
        replace(BLUE_GREEN, bake=PATIENCE_MINUTES - 10 - 5),
        replace(BLUE_GREEN, hooks=(5,)),
        replace(BLUE_GREEN, bake=PATIENCE_MINUTES - 10, hooks=()),
        Replacement(),
        Replacement(breaker=True),
    ],
)
def test_times_that_go_together_are_no_problem(replacement: Replacement) -> None:
    assert setup_problems("web", replacement, INTERVAL) == []


@pytest.mark.parametrize(
    ("replacement", "problem"),
    [
        (
            replace(BLUE_GREEN, breaker=True),
            "a circuit breaker is for ROLLING deployments only, this one is BLUE_GREEN",
        ),
        (replace(BLUE_GREEN, bake=None), "a BLUE_GREEN deployment without a bake time may bake for 36 hours"),
        (replace(BLUE_GREEN, hooks=(4,)), "the hook times out after 4 minutes, the gate needs up to 5 for its samples"),
        (replace(BLUE_GREEN, bake=46), "start 10, gate 5, pauses 0, shift 0 and bake 46 come to 61 minutes"),
        (replace(BLUE_GREEN, steps=43), "shift 43 and bake 3 come to 61 minutes, the release machine waits 60"),
        (replace(BLUE_GREEN, pauses=(1440,)), "pauses 1440, shift 0 and bake 3 come to 1458 minutes"),
        (Replacement(hooks=(30,)), "a lifecycle hook is never asked in a ROLLING deployment"),
        (Replacement(pauses=(30,)), "a lifecycle hook is never asked in a ROLLING deployment"),
    ],
)
def test_times_that_contradict_each_other_are_named(replacement: Replacement, problem: str) -> None:
    listed = setup_problems("web", replacement, INTERVAL)
    assert len(listed) == 1
    assert listed[0].startswith("web: ")
    assert problem in listed[0]


def test_a_gate_that_asks_slowly_needs_a_longer_hook() -> None:
    assert setup_problems("web", BLUE_GREEN, 200) == [
        "web: the hook times out after 30 minutes, the gate needs up to 34 for its samples"
    ]
