"""What a function works with: components and environment, read once, and the services of AWS, made when used."""

import json
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from release_aws import clients, probes
from release_aws.clients import AwsClient
from release_aws.cloudformation import Stacks
from release_aws.cloudwatch import Alarms, Logs, Metrics
from release_aws.codepipeline import Jobs, Pushes
from release_aws.ecr import Images
from release_aws.ecs import Services, Stopped
from release_aws.ecs_baselines import Baselines
from release_aws.ledger import Ledger
from release_aws.service_setup import Rules, Secrets, Setups
from release_aws.stepfunctions import Executions
from release_engine.gate import Answer
from release_engine.model import Component, parse_components

FACTS = Path(__file__).resolve().parents[1] / "components.json"  # written into the asset when it is made
Ask = Callable[[Sequence[probes.Question], float], list[Answer]]


class FunctionContext:
    """Everything outside that a handler needs: the components, the services of AWS, the probes and the clock.

    It is the one seam: tests hand in other clients and another clock. `facts` is the content of `components.json`, and
    `environment` the variables of the function. Times are in seconds.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        facts: Mapping[str, Mapping[str, Any]],
        *,
        client: Callable[[str], AwsClient] = clients.client,
        ask: Ask = probes.ask,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.components: dict[str, Component] = parse_components(facts, json.loads(environment.get("REFERENCES", "{}")))
        self.watch_seconds = int(environment.get("WATCH_SECONDS", "0"))
        self.cool_down_seconds = int(environment.get("COOL_DOWN_SECONDS", "0"))
        self.ask = ask
        self.now = now
        self._table = environment["LEDGER_TABLE"]
        self._client = client

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self._client("dynamodb"), self._table)

    @cached_property
    def pushes(self) -> Pushes:
        return Pushes(self._client("dynamodb"), self._table)

    @cached_property
    def stacks(self) -> Stacks:
        return Stacks(self._client("cloudformation"))

    @cached_property
    def services(self) -> Services:
        return Services(self._client("ecs"))

    @cached_property
    def baselines(self) -> Baselines:
        return Baselines(self._client("ecs"))

    @cached_property
    def setups(self) -> Setups:
        return Setups(self._client("ecs"))

    @cached_property
    def stopped(self) -> Stopped:
        return Stopped(self._client("ecs"))

    @cached_property
    def logs(self) -> Logs:
        return Logs(self._client("logs"))

    @cached_property
    def rules(self) -> Rules:
        return Rules(self._client("elbv2"))

    @cached_property
    def secrets(self) -> Secrets:
        return Secrets(self._client("secretsmanager"))

    @cached_property
    def images(self) -> Images:
        return Images(self._client("ecr"))

    @cached_property
    def alarms(self) -> Alarms:
        return Alarms(self._client("cloudwatch"))

    @cached_property
    def metrics(self) -> Metrics:
        return Metrics(self._client("cloudwatch"))

    @cached_property
    def executions(self) -> Executions:
        return Executions(self._client("stepfunctions"))

    @cached_property
    def jobs(self) -> Jobs:
        return Jobs(self._client("codepipeline"))


@cache
def read_context() -> FunctionContext:
    """Return the context of this function, made at its first call, and let its log show what it does."""
    logging.getLogger().setLevel(logging.INFO)
    return FunctionContext(os.environ, json.loads(FACTS.read_text(encoding="utf-8")))
