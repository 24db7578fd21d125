"""Releases walked through the synthesized machine's definition, with the real handlers on a fake account.

The part of https://states-language.net/spec.html that ours uses; waits take no time, what Retry would repeat is called
again at once.
"""

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from aws_cdk import App, Duration, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template

from exchange_constructs.release.release_function import code
from exchange_constructs.release.release_functions import HealthGate, ReleaseFunctions
from exchange_constructs.release.release_machine import ReleaseMachine
from exchange_constructs.release.release_permissions import ReleasePermissions
from release_aws.probes import Question
from release_engine.gate import Answer
from release_engine.ledger import Outcome
from release_handlers import auto_rollback, bake, baseline, deploy, preflight, record, verify
from release_handlers.function_context import FunctionContext
from tests.infra.exchange import CONTEXT
from tests.unit.aws.account import CANARY_COMPONENT, Account
from tests.unit.aws.answers import NEW

State = dict[str, Any]
Task = Callable[[Mapping[str, Any]], Any]


@dataclass
class Walk:
    """An execution: the states that it went through, how it ended, its data, and the messages that it sent."""

    visited: list[str] = field(default_factory=list)
    error: str | None = None
    cause: str | None = None
    data: State = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)


def walk(definition: Mapping[str, Any], tasks: Mapping[str, Task], data: State) -> Walk:
    """Go through a definition from its start; `tasks` are called by the `Resource` of a state, with its parameters."""
    done, name = Walk(data=copy.deepcopy(data)), definition["StartAt"]
    while name:
        done.visited.append(name)
        assert len(done.visited) < 3000, "the machine never ends"
        name = _step(definition["States"][name], tasks, done)
    return done


def _step(state: State, tasks: Mapping[str, Task], done: Walk) -> str:
    kind = state["Type"]
    if kind == "Choice":
        return _choose(state, done.data)
    if kind == "Fail":
        done.error, done.cause = state["Error"], _at(state["CausePath"], done.data)
        assert isinstance(done.cause, str)
    if kind in ("Fail", "Succeed"):
        return ""
    if kind == "Pass":
        _keep(state, done.data, _parameters(state["Parameters"], done.data))
    if kind == "Task":
        return _call(state, tasks, done)
    return str(state["Next"])


def _call(state: State, tasks: Mapping[str, Task], done: Walk) -> str:
    parameters = _parameters(state["Parameters"], done.data)
    try:
        result = tasks[state["Resource"]](parameters)
    except Exception as problem:  # noqa: BLE001 - whatever a function raises, the machine catches
        cause = json.dumps({"errorType": type(problem).__name__, "errorMessage": str(problem)})
        _keep(state["Catch"][0], done.data, {"Error": type(problem).__name__, "Cause": cause})
        return str(state["Catch"][0]["Next"])
    if state["Resource"].endswith("sns:publish"):
        done.messages.append(parameters["Message"])
    _keep(state, done.data, json.loads(json.dumps(result)))
    return str(state["Next"])


def _choose(state: State, data: State) -> str:
    for rule in state["Choices"]:
        if _at(rule["Variable"], data) == rule["StringEquals"]:
            return str(rule["Next"])
    return str(state["Default"])


def _parameters(template: Mapping[str, Any], data: State) -> State:
    parameters = {}
    for key, value in template.items():
        parameters[key.removesuffix(".$")] = copy.deepcopy(_value(value, data)) if key.endswith(".$") else value
    return parameters


def _value(path: str, data: State) -> Any:
    if path == "$$.Execution.Id":
        return f"arn:aws:states:us-west-2:111122223333:execution:client-release:{data['release_id']}"
    if path.startswith("States.Format("):
        pattern, *fields = path.removeprefix("States.Format('").removesuffix(")").replace("'", "", 1).split(", $.")
        return _filled(pattern, [_at(f"$.{name}", data) for name in fields])
    return data if path == "$" else _at(path, data)


def _filled(pattern: str, values: list[Any]) -> str:
    for value in values:
        pattern = pattern.replace("{}", str(value), 1)
    return pattern


def _at(path: str, data: State) -> Any:
    value: Any = data
    for key in path.removeprefix("$.").split("."):
        value = value[key]
    return value


def _keep(state: State, data: State, result: Any) -> None:
    """Keep a result at `ResultPath`; without a path it replaces the whole state."""
    path = state.get("ResultPath", "$")
    if path == "$":
        data.clear()
        data.update(result)
        return
    data[path.removeprefix("$.")] = result


RELEASE_ID = "20261124T101500Z-3f2a9c1b"


@cache
def synthesized_definition() -> dict[str, Any]:
    """Return the definition of a machine from its template, with the functions' modules in the place of ARNs."""
    stack = Stack(App(context=CONTEXT), "Release")
    key, topic = kms.Key(stack, "Key"), sns.Topic(stack, "Alerts")
    ledger = dynamodb.Table(
        stack, "Ledger", partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING)
    )
    retention = logs.RetentionDays.ONE_MONTH
    shared: dict[str, Any] = {"code": code(), "environment": {}, "retention": retention, "key": key}
    gate = HealthGate(stack, "Gate", vpc=ec2.Vpc(stack, "Vpc"), **shared)
    functions = ReleaseFunctions(
        stack,
        "Functions",
        gate=gate,
        permissions=ReleasePermissions(
            stack,
            stacks=["client"],
            cluster="cluster",
            services=["web"],
            machines=["client-release"],
            repositories={"client": ecr.Repository(stack, "Images")},
            secrets=[secretsmanager.Secret(stack, "Secret")],
            canaries={"web": "client"},
        ),
        ledger=ledger,
        watch=Duration.hours(2),
        cool_down=Duration.minutes(30),
        topic=topic,
        preflight_name="preflight",
        record_name="record",
        **shared,
    )
    ReleaseMachine(
        stack,
        "Client",
        name="client-release",
        functions=functions,
        interval_seconds=30,
        topic=topic,
        log_group=logs.LogGroup(stack, "Logs"),
        compares=True,
    )
    return _definition(Template.from_stack(stack).to_json()["Resources"])


def _definition(resources: Mapping[str, Any]) -> dict[str, Any]:
    machine = next(
        resource for resource in resources.values() if resource["Type"] == "AWS::StepFunctions::StateMachine"
    )
    parts = machine["Properties"]["DefinitionString"]["Fn::Join"][1]

    def text(part: Any) -> str:
        if isinstance(part, str):
            return part
        if "Fn::GetAtt" not in part:
            return "ref"
        handler = resources[part["Fn::GetAtt"][0]]["Properties"]["Handler"]
        return str(handler.split(".")[1])

    parsed: dict[str, Any] = json.loads("".join(map(text, parts)))
    return parsed


class SimulatedMachine:
    """A release machine whose functions work on a fake account; what is in `broken` raises when it is called."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self.definition = definition
        self.account = Account()
        environment = {"LEDGER_TABLE": "ledger", "WATCH_SECONDS": "7200"}
        self.context = FunctionContext(
            environment,
            {"client": CANARY_COMPONENT},
            client=self.account.client,
            ask=self.account.ask,
            now=lambda: next(self.account.clock),
        )
        self.broken: set[str] = set()

    def release(self, digest: str = NEW, release_id: str = RELEASE_ID, kind: str = "release") -> Walk:
        data = {
            "release_id": release_id,
            "component": "client",
            "digest": digest,
            "kind": kind,
            "requested_by": "test",
            "manifest": None,
        }
        return walk(self.definition, self._tasks(), data)

    def outcome(self, release_id: str = RELEASE_ID) -> Outcome | None:
        release = self.context.ledger.find("client", release_id)
        return release.outcome if release else None

    def _tasks(self) -> dict[str, Task]:
        context = self.context
        named: dict[str, Task] = {
            "record": lambda event: _record(event, context),
            "preflight": lambda event: preflight.check(event["state"], context),
            "deploy": lambda event: deploy.act(event["action"], event["purpose"], event["state"], context),
            "verify": lambda event: verify.look(event["purpose"], event["state"], context),
            "health_gate": lambda event: bake.take_round(event["state"], context, 60),
            "baseline": lambda event: getattr(baseline, event["action"])(event["state"], context),
            "auto_rollback": lambda event: auto_rollback.plan(event["state"], context),
            "arn:ref:states:::sns:publish": lambda event: {},
            "arn:ref:states:::lambda:invoke": lambda event: {"StatusCode": 202},
        }
        return {name: self._breakable(name, task) for name, task in named.items()}

    def _breakable(self, name: str, task: Task) -> Task:
        def called(event: Mapping[str, Any]) -> Any:
            if {name, f"{name} {event.get('action')}"} & self.broken:
                raise RuntimeError(f"{name} is broken")
            return task(event)

        return called


def _record(event: Mapping[str, Any], context: FunctionContext) -> Any:
    if event["action"] == "lock":
        return record.lock(event["state"], event["execution"], context)
    if event["action"] in ("unlock", "forget"):
        return getattr(record, event["action"])(event["state"], context)
    return record.record(Outcome(event["outcome"]), event["state"], event["execution"], context)


def bad_answers(question: Question, count: int) -> Answer:
    """Answer as a version does whose every fifth request fails."""
    if question.path == "/ready":
        return Answer(question.host, 200, 10, {"status": "ok", "digest": NEW})
    return Answer(question.host, 500 if count % 5 == 0 else 200, 20)
