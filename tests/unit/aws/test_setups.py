"""What preflight finds: services, listener rules, secrets, change sets."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from release_aws.cloudformation import Stacks
from release_aws.service_setup import Rules, Secrets, Setups
from release_engine.preflight import Replacement, Secret, ServiceSetup
from release_engine.running import Traffic
from tests.unit.aws.account import COMPONENT, Account
from tests.unit.aws.answers import error
from tests.unit.aws.fake_ecs import BLUE, GREEN, RULE, SECRET

WEB, WORKER = "exchange-client-web", "exchange-client-worker"


def found(account: Account, *names: str) -> list[ServiceSetup]:
    return Setups(account.client("ecs")).find("exchange-test", names)


def test_a_service_is_found_with_its_rule_and_the_group_that_serves() -> None:
    web, worker = found(Account(), WEB, WORKER)
    assert web == ServiceSetup(WEB, f"{WEB}:1", Replacement("BLUE_GREEN", bake=3), rule=RULE, serving=BLUE)
    assert worker == ServiceSetup(WORKER, f"{WORKER}:1", Replacement())


def test_before_the_first_release_there_is_no_service_to_find_and_no_secret() -> None:
    account = Account()
    account.running = {}
    assert found(account, WEB, WORKER) == []
    assert Setups(account.client("ecs")).secrets([]) == []


@pytest.mark.parametrize(
    ("rollout", "under_way"), [("ROLLBACK_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"), ("STOPPED", None)]
)
def test_a_deployment_is_under_way_until_it_is_over(rollout: str, under_way: str | None) -> None:
    account = Account()
    account.rollout = rollout
    assert {setup.under_way for setup in found(account, WEB, WORKER)} == {under_way}


@pytest.mark.parametrize("current", [[], ["r1", "r2"]])
def test_while_two_revisions_run_nobody_says_which_serves(current: list[str]) -> None:
    account = Account()
    account.client("ecs").current = current
    assert found(account, WEB)[0].serving is None


LAMBDA = {"targetType": "AWS_LAMBDA", "timeoutConfiguration": {"timeoutInMinutes": 30, "action": "ROLLBACK"}}


@pytest.mark.parametrize(
    ("told", "replacement"),
    [
        ({}, Replacement()),
        ({"deploymentCircuitBreaker": {"enable": True, "rollback": True}}, Replacement(breaker=True)),
        (
            {"strategy": "CANARY", "bakeTimeInMinutes": 3, "canaryConfiguration": {"canaryBakeTimeInMinutes": 7}},
            Replacement("CANARY", bake=3, steps=7),
        ),
        ({"strategy": "CANARY"}, Replacement("CANARY", steps=10)),
        (
            {"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 30.0, "stepBakeTimeInMinutes": 5}},
            Replacement("LINEAR", steps=15),
        ),
        ({"strategy": "LINEAR"}, Replacement("LINEAR", steps=54)),
        (
            {"strategy": "BLUE_GREEN", "lifecycleHooks": [LAMBDA, {}, {"targetType": "PAUSE"}]},
            Replacement("BLUE_GREEN", hooks=(30, 1440), pauses=(1440,)),
        ),
    ],
)
def test_what_ecs_is_not_told_is_what_ecs_takes(told: dict[str, Any], replacement: Replacement) -> None:
    account = Account()
    account.client("ecs").deployment = told
    assert found(account, WEB)[0].replacement == replacement


def test_the_weights_are_those_of_the_rule() -> None:
    account = Account()
    rules = Rules(account.client("elbv2"))
    assert rules.traffic(found(account, WEB, WORKER)) == [Traffic(WEB, RULE, {BLUE: 100, GREEN: 0}, BLUE)]
    account.weights = {}
    assert rules.traffic(found(account, WEB)) == [Traffic(WEB, RULE, {}, BLUE)]


def test_secrets_are_described_once_each_and_parameters_are_none() -> None:
    account = Account()
    references = Setups(account.client("ecs")).secrets(found(account, WEB, WORKER))
    assert len(references) == 2
    known = Secrets(account.client("secretsmanager")).known(references)
    assert known == {f"{SECRET}:username::": Secret(stages=frozenset({"AWSCURRENT"}))}


@pytest.mark.parametrize(
    ("told", "secret"),
    [
        ("ResourceNotFoundException", Secret(trouble="ResourceNotFoundException")),
        ("AccessDeniedException", Secret(trouble="AccessDeniedException")),
        ({"DeletedDate": 1_795_000_000}, Secret(deleted=True)),
    ],
)
def test_a_secret_that_is_gone_is_known_to_be(told: dict[str, Any] | str, secret: Secret) -> None:
    account = Account()
    account.secrets = {SECRET: told}
    assert Secrets(account.client("secretsmanager")).known([SECRET]) == {SECRET: secret}


def test_change_sets_are_those_that_cloudformation_lists() -> None:
    cloudformation = Account().client("cloudformation")
    cloudformation.listed = [{"ChangeSetName": "c"}]
    assert Stacks(cloudformation).change_sets(str(COMPONENT["stack"])) == ({"ChangeSetName": "c"},)


class Throttled:
    """Every operation ends in an error that says nothing of what was asked."""

    def __getattr__(self, _operation: str) -> Any:
        def refuse(**_request: Any) -> None:
            raise error("ThrottlingException")

        return refuse


def test_an_error_that_tells_nothing_is_raised() -> None:
    setup = ServiceSetup(WEB, "d", Replacement(), rule=RULE)
    with pytest.raises(ClientError):
        Rules(Throttled()).traffic([setup])
    with pytest.raises(ClientError):
        Secrets(Throttled()).known([SECRET])
