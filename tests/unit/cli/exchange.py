"""An exchange as the command line finds it in AWS: hand-written, scripted by its attributes.

Its settings are those of an environment `test`, which no file describes.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from release_aws.items import to_item
from release_engine.ledger import Kind, Lock, Outcome, Release
from settings.environment import Adopt
from settings.loading import Settings, load_settings
from tests.unit.aws.answers import NEW, OLD, Paginated, error
from tests.unit.aws.fake_table import Dynamo

# ruff: noqa: N803 - the arguments have the names that boto gives them


CHAIN = ("backend", "client", "engine")
MACHINE = "arn:aws:states:us-west-2:111122223333:stateMachine:exchange-test-{}-release"
BEGAN = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
GOOD_WAY = ("Lock", "Preflight", "CreateChangeSet", "Stack?", "VerifyRunning", "Bake", "RecordSuccess", "Released")


@dataclass
class Script:
    """How an execution goes: a state per look, then its end."""

    states: Sequence[str] = GOOD_WAY
    status: str = "SUCCEEDED"
    error: str | None = None
    cause: str | None = None
    seconds: float = 10.0  # spent in each state


@dataclass
class Exchange:
    """`scripts` by component; `failing` is what the next calls of an operation raise, None for nothing."""

    scripts: dict[str, Script] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    images: set[str] = field(default_factory=lambda: {OLD, NEW})
    stack_status: str = "UPDATE_COMPLETE"
    failing: dict[str, list[Exception | None]] = field(default_factory=dict)
    started: list[dict[str, Any]] = field(default_factory=list)
    table: Dynamo = field(default_factory=Dynamo)
    outputs: dict[str, str] | None = None
    asks: bool = False
    pauses: int = 0
    interrupt_at: int | None = None

    def __post_init__(self) -> None:
        machines = {f"{name.capitalize()}MachineArn": MACHINE.format(name) for name in CHAIN}
        self.outputs = machines | {"LedgerTableName": "ledger"}
        self._clients = {
            "cloudformation": CloudFormation(self),
            "stepfunctions": StepFunctions(self),
            "dynamodb": self.table,
            "ecr": Ecr(self),
        }

    @property
    def settings(self) -> Settings:
        return settings_of_tests(CHAIN, adopted={"client": "an-older-repository"})

    def client(self, service: str) -> Any:
        return self._clients[service]

    def pause(self, _seconds: float) -> None:
        self.pauses += 1
        if self.pauses == self.interrupt_at:
            raise KeyboardInterrupt

    def meet(self, operation: str) -> None:
        waiting = self.failing.get(operation)
        if problem := waiting.pop(0) if waiting else None:
            raise problem

    def remember(self, *releases: Release) -> None:
        for release in releases:
            values = {key: value for key, value in asdict(release).items() if value is not None}
            self._put(release.component, f"release#{release.release_id}", values)

    def lock(self, component: str, holder: str) -> None:
        lock = Lock(component, holder, token=3, lease_until=2**31, since="2026-11-24T10:15:00Z")
        self._put(component, "lock", asdict(lock))

    def _put(self, component: str, sort_key: str, values: Mapping[str, Any]) -> None:
        self.table.put_item("ledger", to_item({"pk": f"component#{component}", "sk": sort_key, **values}))


def past(release_id: str, digest: str, outcome: Outcome = Outcome.RELEASED, **more: Any) -> Release:
    """A release of the client in the ledger; its id gives it its place in time."""
    defaults: dict[str, Any] = {
        "component": "client",
        "kind": Kind.RELEASE,
        "requested_by": "cli:alice",
        "started_at": f"2026-11-{release_id[-2:]}T10:00:00Z",
        "finished_at": f"2026-11-{release_id[-2:]}T10:05:00Z",
    }
    return Release(release_id=release_id, digest=digest, outcome=outcome, **defaults | more)


class CloudFormation:
    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        self.exchange.meet("describe_stacks")
        component = StackName.removeprefix("exchange-test-")
        if component == "release" and self.exchange.outputs is not None:
            outputs = [{"OutputKey": key, "OutputValue": value} for key, value in self.exchange.outputs.items()]
            return {"Stacks": [{"StackStatus": "UPDATE_COMPLETE", "Outputs": outputs}]}
        if component not in CHAIN:
            raise error("ValidationError", f"Stack with id {StackName} does not exist")
        digest = {"ParameterKey": "ImageDigest", "ParameterValue": self.exchange.digests.get(component, "")}
        return {"Stacks": [{"StackStatus": self.exchange.stack_status, "Parameters": [digest]}]}


class StepFunctions(Paginated):
    """Each look at an execution lets it enter one more state."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.looks: dict[str, int] = {}

    def start_execution(self, stateMachineArn: str, name: str, input: str) -> None:  # noqa: A002
        self.exchange.meet("start_execution")
        self.exchange.started.append({"machine": stateMachineArn, "name": name, **json.loads(input)})
        self.looks[name] = 0

    def describe_execution(self, executionArn: str) -> dict[str, Any]:
        self.exchange.meet("describe_execution")
        name, script = self._script(executionArn)
        if name not in self.looks:
            raise error("ExecutionDoesNotExist")
        self.looks[name] += 1
        if self.looks[name] <= len(script.states):
            return {"status": "RUNNING"}
        found = {"status": script.status, "error": script.error, "cause": script.cause}
        return {key: value for key, value in found.items() if value is not None}

    def get_execution_history(
        self, executionArn: str, reverseOrder: bool, includeExecutionData: bool, PaginationConfig: Any = None
    ) -> dict[str, Any]:
        assert reverseOrder
        assert not includeExecutionData
        name, script = self._script(executionArn)
        events = list(_events(script))
        shown = events[: 1 + self.looks[name]]
        return {"events": shown[::-1]}

    def _script(self, execution: str) -> tuple[str, Script]:
        component = next(one for one in CHAIN if f"exchange-test-{one}-release" in execution)
        return execution.rpartition(":")[2], self.exchange.scripts.setdefault(component, Script())


def _events(script: Script) -> Iterator[dict[str, Any]]:
    yield {"id": 1, "timestamp": BEGAN, "type": "ExecutionStarted"}
    for place, state in enumerate(script.states):
        kind = "ChoiceStateEntered" if state.endswith("?") else "TaskStateEntered"
        at = BEGAN + timedelta(seconds=place * script.seconds)
        yield {"id": place + 2, "timestamp": at, "type": kind, "stateEnteredEventDetails": {"name": state}}


class Ecr:
    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange

    def batch_get_image(self, repositoryName: str, imageIds: list[dict[str, str]]) -> dict[str, Any]:
        assert repositoryName in ("exchange-test-backend", "an-older-repository", "exchange-test-engine")
        return {"images": [{"imageId": one} for one in imageIds if one["imageDigest"] in self.exchange.images]}


def settings_of_tests(
    chain: Sequence[str], *, adopted: Mapping[str, str] | None = None, account: str | None = None
) -> Settings:
    """Staging's, but for its name and what the account has already."""
    known = _staging()
    return replace(
        known,
        environment="test",
        account=account,
        adopt=Adopt(repositories=dict(adopted or {})),
        components={name: known.components[name] for name in chain},
    )


@cache
def _staging() -> Settings:
    return load_settings("staging")
