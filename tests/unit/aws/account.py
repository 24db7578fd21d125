"""An AWS account as the release sees it: hand-written, with one component in it, scripted by its attributes."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from release_aws.probes import Question
from release_engine.samples import Answer
from tests.unit.aws.digests import NEW, OLD
from tests.unit.aws.fake_cloudformation import STACK, CloudFormation
from tests.unit.aws.fake_ecs import BLUE, GREEN, SECRET, Ecs
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
        "rounds": 3,
        "samples_per_round": 20,
        "min_samples": 60,
        "max_error_rate": 0.01,
        "max_p95_ms": 1000,
    },
    "services": {
        "web": {"name": "exchange-client-web", "port": 3000, "readiness_path": "/ready", "sample_path": "/"},
        "worker": {"name": "exchange-client-worker"},
    },
}


class Account:
    """`outcome` is what executing a change set leads to: succeed, roll_back, hang or fail."""

    def __init__(self, digest: str = OLD) -> None:
        self.stack_status = "UPDATE_COMPLETE"
        self.digest = digest
        self.updates = 0
        self.outcome: list[str] = ["succeed"]
        self.images = {OLD, NEW}
        self.alarms: dict[str, str] = {}
        self.reported: dict[tuple[str, str], list[float]] = {}
        self.weights = {BLUE: 100, GREEN: 0}
        self.secrets: dict[str, dict[str, Any] | str] = {SECRET: {"VersionIdsToStages": {"v1": ["AWSCURRENT"]}}}
        self.running = {"exchange-client-web": [digest], "exchange-client-worker": [digest]}
        self.rollout = "SUCCESSFUL"
        self.crashed: list[str] = []
        self.written: dict[str, list[str]] = {}
        self.live: set[str] = set()
        self.started: list[dict[str, Any]] = []
        self.bad: dict[str, Callable[[Question, int], Answer]] = {}
        self.asked: list[Question] = []
        self.clock = itertools.count(1_795_000_000)
        self.clients: dict[str, Any] = {
            "cloudformation": CloudFormation(self),
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
        tasks = self.running["exchange-client-web"]
        digest = tasks[int(question.host.rpartition(".")[2])]
        if digest in self.bad:
            return self.bad[digest](question, len(self.asked))
        body = {"status": "ok", "digest": digest, "checks": {"backend": "ok"}}
        return Answer(question.host, 200, 20, body if question.path == "/ready" else None)
