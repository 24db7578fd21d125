"""An AWS account as the release sees it: hand-written, with one component in it, scripted by its attributes."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any, cast

from release_aws.probes import Question
from release_engine.gate import Answer
from tests.unit.aws.answers import NEW, OLD
from tests.unit.aws.fake_cloudformation import STACK, CloudFormation
from tests.unit.aws.fake_codepipeline import CodePipeline
from tests.unit.aws.fake_ecs import BESIDE, BLUE, GREEN, SECRET, Ecs
from tests.unit.aws.fake_services import CloudWatch, Ecr, LoadBalancing, Logs, SecretsManager, StepFunctions
from tests.unit.aws.fake_table import Dynamo

COMPONENT = {
    "stack": STACK,
    "cluster": "exchange-test",
    "repository": "client",
    "machine_arn": "arn:aws:states:us-west-2:111122223333:stateMachine:client-release",
    "alarm_prefix": "exchange-test-client-",
    "metrics": {"namespace": "Exchange", "environment": "test"},
    "gate": {
        "interval_seconds": 30,
        "bake_minutes": 1.5,  # three rounds
        "probes": [
            {"service": "web", "samples_per_round": 20, "min_samples": 60, "max_error_rate": 0.01, "max_ms": 1000}
        ],
        "checks": [{"kind": "restarts", "max": 2}, {"kind": "alarms", "max": 0, "min_samples": 1}],
    },
    "services": {
        "web": {"name": "exchange-client-web", "port": 3000, "readiness_path": "/ready", "sample_path": "/"},
        "worker": {"name": "exchange-client-worker"},
    },
}


CANARY_COMPONENT: dict[str, Any] = {
    **COMPONENT,
    "gate": {
        **cast(dict[str, Any], COMPONENT["gate"]),
        "canary": {
            "samples": 1000,
            "at_once": 10,
            "tasks": 2,
            "max_error_rise": 0.01,
            "max_latency_rise": 0.1,
            "max_latency_rise_ms": 5,
        },
    },
    "services": {
        "web": {**cast(dict[str, Any], COMPONENT["services"])["web"], "canary": True},
        "worker": {"name": "exchange-client-worker"},
    },
}


class Account:
    """`outcome` is what executing a change set leads to: succeed, roll_back, hang, fail, or bake.

    A stack that bakes does so for `bakes_for` looks at it, until its deployment is stopped, if it is not `too_late`.
    """

    def __init__(self, digest: str = OLD) -> None:
        self.stack_status = "UPDATE_COMPLETE"
        self.digest = digest
        self.updates = 0
        self.outcome: list[str] = ["succeed"]
        self.images = {OLD, NEW}
        self.alarms = {"exchange-test-client-5xx": "OK"}
        self.reported: dict[tuple[str, str], list[float]] = {}
        self.targets = {"10.0.0.0": "healthy"}
        self.health: dict[str, str] = {}
        self.weights = {BLUE: 100, GREEN: 0}
        self.secrets: dict[str, dict[str, Any] | str] = {SECRET: {"VersionIdsToStages": {"v1": ["AWSCURRENT"]}}}
        self.running = {"exchange-client-web": [digest], "exchange-client-worker": [digest]}
        self.rollout = "SUCCESSFUL"
        self.bakes_for: int | None = None
        self.stopped: list[str] = []
        self.too_late = False
        self.crashed: list[str] = []
        self.strays: list[str] = []
        self.written: dict[str, list[str]] = {}
        self.live: set[str] = set()
        self.started: list[dict[str, Any]] = []
        self.beside: dict[str, list[str]] = {}
        self.bad: dict[str, Callable[[Question, int], Answer]] = {}
        self.asked: list[Question] = []
        self.clock = itertools.count(1_795_000_000)
        self.clients: dict[str, Any] = {
            "cloudformation": CloudFormation(self),
            "codepipeline": CodePipeline(),
            "ecs": Ecs(self),
            "ecr": Ecr(self),
            "cloudwatch": CloudWatch(self),
            "elbv2": LoadBalancing(self),
            "logs": Logs(self),
            "secretsmanager": SecretsManager(self),
            "dynamodb": Dynamo(),
            "stepfunctions": StepFunctions(self),
        }

    def client(self, service: str) -> Any:
        return self.clients[service]

    def run(self, digest: str) -> None:
        """Every service runs it now."""
        self.digest = digest
        self.running = {name: [digest] if digest else [] for name in self.running}

    def ask(self, questions: Sequence[Question], _seconds: float) -> list[Answer]:
        """Tasks answer well, unless `bad` has an answer for their digest."""
        return [self._answer(question) for question in questions]

    def _answer(self, question: Question) -> Answer:
        self.asked.append(question)
        number = int(question.host.rpartition(".")[2])
        beside = [digest for tasks in self.beside.values() for digest in tasks]
        digest = beside[number - BESIDE] if number >= BESIDE else self.running["exchange-client-web"][number]
        if digest in self.bad:
            return self.bad[digest](question, len(self.asked))
        body = {"status": "ok", "digest": digest, "checks": {"backend": "ok"}}
        return Answer(question.host, 200, 20, body if question.path == "/ready" else None)
