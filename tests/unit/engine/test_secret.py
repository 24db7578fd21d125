"""Secrets that tasks refer to."""

import pytest

from release_engine.secret import Secret, arn_of, problems

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
    (listed,) = problems({reference: secret})
    assert listed.startswith(problem)


def test_a_sound_secret_is_no_problem_and_a_bad_one_is_named_once() -> None:
    assert problems({ARN: SOUND, f"{ARN}:username:AWSPREVIOUS:": SOUND}) == []
    assert len(problems({f"{ARN}:username::": Secret(deleted=True), f"{ARN}:password::": Secret(deleted=True)})) == 1
