"""What runs against what was asked, and where users are sent against where the tasks are."""

from collections.abc import Mapping

import pytest

from release_engine.running import Rollout, Running, Traffic, judge, judge_traffic, strays, traffic_problems
from release_engine.verdict import Verdict

NEW, OLD = "sha256:new", "sha256:old"


@pytest.mark.parametrize(
    ("desired", "tasks", "rollout", "verdict", "reason"),
    [
        (2, {NEW: 2}, Rollout.COMPLETED, Verdict.PASS, "2 of 2 tasks run sha256:new"),
        (2, {NEW: 2}, Rollout.ROLLED_BACK, Verdict.PASS, "2 of 2"),
        (2, {NEW: 1, OLD: 1}, Rollout.IN_PROGRESS, Verdict.INCONCLUSIVE, "1 of 2 tasks runs sha256:old"),
        (2, {NEW: 1}, Rollout.COMPLETED, Verdict.INCONCLUSIVE, "1 of 2 tasks run"),
        (2, {NEW: 2}, Rollout.IN_PROGRESS, Verdict.INCONCLUSIVE, "deployment in_progress"),
        (0, {}, Rollout.COMPLETED, Verdict.INCONCLUSIVE, "0 of 0"),
        (2, {NEW: 1}, Rollout.FAILED, Verdict.FAIL, "its deployment failed"),
        (1, {"": 1}, Rollout.COMPLETED, Verdict.FAIL, "1 of 1 tasks runs no digest"),
        (None, {}, Rollout.FAILED, Verdict.FAIL, "there is no such service"),
    ],
)
def test_a_service_is_judged_by_the_digests_of_its_tasks(
    desired: int | None, tasks: dict[str, int], rollout: Rollout, verdict: Verdict, reason: str
) -> None:
    judgement = judge(NEW, [Running("web", desired, tasks, rollout)])
    assert judgement.verdict is verdict
    assert reason in judgement.reason


def test_f1_stable_on_the_old_digest_is_a_failure_with_ecs_own_reason() -> None:
    rolled_back = Running("web", 2, {OLD: 2}, Rollout.ROLLED_BACK, "circuit breaker")
    judgement = judge(NEW, [rolled_back])
    assert judgement.verdict is Verdict.FAIL
    assert judgement.reason == "web: 2 of 2 tasks run sha256:old; asked was sha256:new (circuit breaker)"


def test_f26_one_task_of_eight_on_old_code_is_a_failure() -> None:
    fleet = Running("web", 8, {NEW: 7, OLD: 1}, Rollout.COMPLETED, ids={OLD: ["8c1f"]})
    judgement = judge(NEW, [Running("worker", 1, {NEW: 1}, Rollout.COMPLETED), fleet])
    assert judgement.verdict is Verdict.FAIL
    assert judgement.reason == "web: 1 of 8 tasks runs sha256:old (8c1f); asked was sha256:new"


def test_f26_a_task_on_old_code_that_belongs_to_no_service_is_a_failure_too() -> None:
    fleet = Running("web", 7, {NEW: 7}, Rollout.COMPLETED, strays={OLD: ["8c1f"]}, ids={NEW: ["1"]})
    judgement = judge(NEW, [fleet])
    assert judgement.verdict is Verdict.FAIL
    assert "1 of 8 tasks runs sha256:old (8c1f, started by hand)" in judgement.reason


def test_f26_an_old_task_is_waited_for_only_while_the_deployment_may_still_replace_it() -> None:
    fleet = Running("web", 7, {NEW: 7}, Rollout.IN_PROGRESS, strays={OLD: ["8c1f"]})
    assert judge(NEW, [fleet]).verdict is Verdict.INCONCLUSIVE


def test_a_task_that_was_started_by_hand_on_the_right_code_neither_harms_nor_counts() -> None:
    assert judge(NEW, [Running("web", 7, {NEW: 7}, Rollout.COMPLETED, strays={NEW: ["8c1f"]})]).verdict is Verdict.PASS
    missing = judge(NEW, [Running("web", 8, {NEW: 7}, Rollout.COMPLETED, strays={NEW: ["8c1f"]})])
    assert (missing.verdict, missing.reason) == (
        Verdict.INCONCLUSIVE,
        "web: 7 of 8 tasks run, deployment completed",
    )


def test_a_reason_names_some_of_many_tasks_and_counts_the_others() -> None:
    fleet = Running("web", 7, {NEW: 2, OLD: 5}, Rollout.COMPLETED, strays={OLD: ["f"]}, ids={OLD: list("abcde")})
    assert "6 of 8 tasks run sha256:old (a, b, c, and 2 more; f, started by hand)" in judge(NEW, [fleet]).reason


def test_f26_tasks_that_a_release_would_leave_behind_are_named_before_it_begins() -> None:
    fleet = Running("web", 7, {OLD: 7}, Rollout.COMPLETED, strays={OLD: ["8c1f"], NEW: ["77aa"]})
    problem = "web: task 8c1f was started by hand and runs sha256:old: no release replaces it"
    assert strays(NEW, [Running("worker", 1, {OLD: 1}, Rollout.COMPLETED), fleet]) == [problem]
    assert len(strays(None, [fleet])) == 2


def test_f34_no_service_is_not_running() -> None:
    assert judge(NEW, []).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("tasks", "rollout", "weights", "verdict", "reason"),
    [
        ({NEW: 2}, Rollout.COMPLETED, {"blue": 0, "green": 100}, Verdict.PASS, "web: all users reach green"),
        ({NEW: 2}, Rollout.COMPLETED, {"blue": 100, "green": 0}, Verdict.FAIL, "but the tasks are in green"),
        ({NEW: 2}, Rollout.COMPLETED, {"blue": 90, "green": 10}, Verdict.FAIL, "allowed is one target group at 100"),
        ({NEW: 2}, Rollout.IN_PROGRESS, {"blue": 90, "green": 10}, Verdict.INCONCLUSIVE, "deployment in_progress"),
        ({NEW: 1, OLD: 1}, Rollout.COMPLETED, {"blue": 90, "green": 10}, Verdict.FAIL, "1 of 2 tasks runs sha256:old"),
    ],
)
def test_f15_traffic_counts_once_the_deployment_is_over(
    tasks: dict[str, int], rollout: Rollout, weights: dict[str, int], verdict: Verdict, reason: str
) -> None:
    judgement = judge(NEW, [Running("web", 2, tasks, rollout)], [Traffic("web", "rule", weights, "green")])
    assert judgement.verdict is verdict
    assert reason in judgement.reason


BLUE, GREEN = (f"arn:aws:elasticloadbalancing:r:1:targetgroup/{color}/1" for color in ("blue", "green"))


@pytest.mark.parametrize(
    ("weights", "serving"),
    [
        ({BLUE: 100, GREEN: 0}, BLUE),
        ({BLUE: 0, GREEN: 100}, GREEN),
        ({BLUE: 100, GREEN: 0}, None),
        ({BLUE: 100}, BLUE),
    ],
)
def test_all_users_with_the_revision_that_runs_is_as_it_should_be(weights: dict[str, int], serving: str) -> None:
    assert traffic_problems([Traffic("web", "rule", weights, serving)]) == []


@pytest.mark.parametrize(
    ("weights", "serving", "problem"),
    [
        pytest.param({BLUE: 90, GREEN: 10}, BLUE, "weights blue 90, green 10, allowed is one", id="mid_shift"),
        pytest.param({BLUE: 100, GREEN: 100}, BLUE, "weights blue 100, green 100, allowed is one", id="both"),
        pytest.param({BLUE: 0, GREEN: 0}, BLUE, "weights blue 0, green 0, allowed is one", id="nowhere"),
        pytest.param({BLUE: 1}, BLUE, "weights blue 1, allowed is one", id="one_group_by_hand"),
        pytest.param({BLUE: 100, GREEN: 0}, GREEN, "blue 100, green 0, but the tasks are in green", id="reset"),
        pytest.param({BLUE: 100}, GREEN, "blue 100, but the tasks are in green", id="forgotten_group"),
        pytest.param({}, BLUE, "listener rule rule is gone or forwards nowhere", id="no_rule"),
    ],
)
def test_f15_weights_that_no_deployment_leaves_are_named(
    weights: Mapping[str, int], serving: str, problem: str
) -> None:
    listed = traffic_problems([Traffic("web", "rule", weights, serving)])
    assert len(listed) == 1
    assert listed[0].startswith("web: listener rule rule ")
    assert problem in listed[0]


def test_a_judgement_of_traffic_keeps_rule_and_weights() -> None:
    good = judge_traffic(Traffic("web", "rule", {BLUE: 0, GREEN: 100}, GREEN))
    assert (good.verdict, good.reason) == (Verdict.PASS, "web: all users reach green")
    assert good.evidence == {"rule": "rule", "weights": {BLUE: 0, GREEN: 100}, "serving": GREEN}
    assert judge_traffic(Traffic("web", "rule", {}, GREEN)).verdict is Verdict.FAIL
