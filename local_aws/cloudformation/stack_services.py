"""CloudFormation's AWS::ECS::Service: a stack waits for the deployment, and fails with its reason.

Without a circuit breaker AWS gives up after three hours
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html); so does this, by its own clock.

CloudFormation deploys the services of a stack side by side; ministack's engine asks for one resource after the other.
When it asks for the first service of a stack, the siblings whose properties are known are begun as well; when it
comes to them, their deployment is well under way.
"""

import copy
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from time import monotonic
from typing import Any

from local_aws.clock import Clock
from local_aws.ecs.services import deployments
from local_aws.ecs.services.rollouts import Rollout
from local_aws.ecs.services.service_controller import ServiceController
from local_aws.ministack_parts.answers import Record, RefusedError
from local_aws.ministack_parts.resource_handlers import Created, camel_case, in_place, provisioned
from local_aws.ministack_parts.services import cloudformation

Sort = Callable[[Record, Record], list[str]]


@dataclass(frozen=True)
class Sibling:
    """A resource as the engine will ask for it; `physical_id` is None for one that is to be created."""

    logical_id: str
    physical_id: str | None
    former: Record
    properties: Record


def last(sort: Sort, resource_type: str) -> Sort:
    """Wrap the engine's order: this type comes after everything that does not depend on it."""

    @wraps(sort)
    def ordered(resources: Record, conditions: Record) -> list[str]:
        order = sort(resources, conditions)
        late, first = _late(resources, order, resource_type)
        return [name for name in order if name not in late] + first + [n for n in order if n in late - set(first)]

    return ordered


def siblings(stack_name: str, logical_id: str, resource_type: str) -> Iterator[Sibling]:
    """Yield the other resources of this type that wait for none of their kind, while an operation goes forward."""
    stack: Record = cloudformation.stacks.get(stack_name) or {}
    if stack.get("StackStatus") not in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS") or "_resources" not in stack:
        return
    template = cloudformation.parse_template(stack["_template_body"])
    order = cloudformation.order_of_template(template["Resources"], stack["_conditions"])
    for name in _late(template["Resources"], order, resource_type)[1]:
        sibling = _sibling(stack, template, name)
        if name != logical_id and sibling.properties != sibling.former:
            yield sibling


def with_tags(stack_name: str, sibling: Sibling, resource_type: str) -> Record:
    """Return the properties as the engine passes them, with the stack's own tags."""
    stack: Record = cloudformation.stacks[stack_name]
    tags = (stack.get("Tags") or [], stack_name, stack["StackId"], sibling.logical_id)
    return cloudformation.with_stack_tags(resource_type, sibling.properties, *tags)


def _sibling(stack: Record, template: Record, name: str) -> Sibling:
    held = stack["_resources"].get(name) or {}
    properties = cloudformation.resolve_references(
        copy.deepcopy(template["Resources"][name].get("Properties", {})),
        stack["_resources"],
        _parameters(stack, template),
        stack["_conditions"],
        template.get("Mappings", {}),
        stack["StackName"],
        stack["StackId"],
    )
    return Sibling(
        logical_id=name,
        physical_id=held.get("PhysicalResourceId"),
        former=held.get("Properties") or {},
        properties={key: value for key, value in properties.items() if value is not cloudformation.NO_VALUE},
    )


def _parameters(stack: Record, template: Record) -> Record:
    declared = template.get("Parameters", {})
    return {
        item["ParameterKey"]: declared[item["ParameterKey"]] | {"Value": item["ParameterValue"]}
        for item in stack["Parameters"]
    }


def _late(resources: Record, order: list[str], resource_type: str) -> tuple[set[str], list[str]]:
    """Return the resources that are of this type or depend on one, and those of the type that depend on none."""
    needs = {name: cloudformation.dependencies(resources[name], set(order)) for name in order}
    late: set[str] = set()
    for name in order:
        if resources[name].get("Type") == resource_type or needs[name] & late:
            late.add(name)
    first = [name for name in order if resources[name].get("Type") == resource_type and not needs[name] & late]
    return late, first


TYPE = "AWS::ECS::Service"
PATIENCE = 3 * 3600.0
LOOK_EVERY = 0.05


class NotStabilizedError(ValueError):
    """The service did not become steady; the text is the reason that the stack's event shows."""


@dataclass(frozen=True)
class Begun:
    """A service whose deployment is under way; `former` is None when the service is new."""

    service: ServiceController
    rollout: Rollout | None
    former: Record | None


def install(clock: Clock) -> None:
    """Replace the type's handlers, run them off ministack's event loop, and let a failed update be sent back."""
    handlers = StackServices(clock)
    cloudformation.handlers[TYPE] = in_place(handlers.create, handlers.update, handlers.delete)
    cloudformation.runs_on_worker_thread.wrap(_also_services)
    cloudformation.sends_back_failed_update.wrap(_also_services)
    cloudformation.order_of_operation.wrap(lambda stock: last(stock, TYPE))


class StackServices:
    """The handlers of AWS::ECS::Service, which return when the service is steady and raise when it fails to be."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead: dict[tuple[str, str], Begun] = {}

    def create(self, logical_id: str, properties: Record, stack: str) -> Created:
        return self._settle(stack, logical_id, lambda: self._create(logical_id, properties, stack))

    def update(self, physical_id: str, old: Record, new: Record, stack: str, logical_id: str) -> Created:
        if any(old.get(key) != new.get(key) for key in ("ServiceName", "Cluster")):
            return self.create(logical_id, new, stack)
        return self._settle(stack, logical_id, lambda: self._update(physical_id, old, new))

    def delete(self, physical_id: str, _properties: Record) -> None:
        cluster, name = physical_id.rsplit("/", 2)[-2:]
        with suppress(RefusedError):  # it is gone already
            _end(deployments.controller(cluster, name))

    def _settle(self, stack: str, logical_id: str, begin: Callable[[], Begun]) -> Created:
        begun = self._ahead.pop((stack, logical_id), None)
        if begun is None:
            begun = begin()
            self._begin_siblings(stack, logical_id)
        try:
            self._wait(begun, stack)
        except NotStabilizedError:
            if begun.former is None:
                _end(begun.service)
            self._abandon_siblings(stack)
            raise
        record = begun.service.record
        return record["serviceArn"], {"ServiceArn": record["serviceArn"], "Name": record["serviceName"]}

    def _create(self, logical_id: str, properties: Record, stack: str) -> Begun:
        service = _called("CreateService", {"serviceName": f"{stack}-{logical_id}"} | camel_case(properties))
        return Begun(service, service.current, former=None)

    def _update(self, physical_id: str, old: Record, new: Record) -> Begun:
        request = camel_case(new) | {"service": physical_id}
        if old.get("DesiredCount") == new.get("DesiredCount"):
            request.pop("desiredCount", None)
        service = _called("UpdateService", request)
        return Begun(service, service.current, former=old)

    def _begin_siblings(self, stack: str, logical_id: str) -> None:
        """Begin the stack's other services; one that is refused now is refused again when the engine comes to it."""
        for sibling in siblings(stack, logical_id, TYPE):
            with suppress(ValueError):
                self._ahead[stack, sibling.logical_id] = self._begin(stack, sibling)

    def _begin(self, stack: str, sibling: Sibling) -> Begun:
        properties = with_tags(stack, sibling, TYPE)
        if sibling.physical_id is None:
            return self._create(sibling.logical_id, properties, stack)
        return self._update(sibling.physical_id, sibling.former, properties)

    def _abandon_siblings(self, stack: str) -> None:
        """Send back the services that were begun ahead: to the engine they have not happened yet."""
        for key in [key for key in self._ahead if key[0] == stack]:
            begun = self._ahead.pop(key)
            if begun.former is None:
                _end(begun.service)
                continue
            if begun.rollout is not None and not begun.rollout.settled.is_set():
                begun.service.interrupt("Resource update cancelled")
                begun.rollout.settled.wait()
            undone = self._update(begun.service.record["serviceArn"], begun.former, begun.former)
            self._wait(undone, stack)

    def _wait(self, begun: Begun, stack: str) -> None:
        service, rollout = begun.service, begun.rollout
        if rollout is None:
            return
        deadline = monotonic() + self._clock.real(PATIENCE)
        while not rollout.settled.wait(LOOK_EVERY):
            if monotonic() > deadline:
                service.interrupt("Exceeded attempts to wait")
            elif _cancelled(stack):
                service.interrupt("Resource update cancelled")
        if rollout.status != "SUCCESSFUL" or rollout.state == "FAILED":  # of one that could not be brought back
            raise NotStabilizedError(f"Error occurred during operation 'ECS deployment': {rollout.state_reason}")


def _called(action: str, request: Record) -> ServiceController:
    record = provisioned(deployments.ACTIONS[action], request)["service"]
    return deployments.controller(record["clusterArn"], record["serviceName"])


def _end(service: ServiceController) -> None:
    """Delete a service and wait until its last process is gone."""
    service.record.update(status="DRAINING", desiredCount=0)
    service.close()
    service.drained.wait()


def _cancelled(stack: str) -> bool:
    """Say whether somebody has cancelled the stack's update.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CancelUpdateStack.html
    """
    record: Record = cloudformation.stacks.get(stack) or {}
    return record.get("StackStatus") == "UPDATE_IN_PROGRESS" and bool(record.get("_cancel_requested"))


def _also_services(predicate: Any) -> Any:
    @wraps(predicate)
    def answer(resource_type: str) -> bool:
        return resource_type == TYPE or bool(predicate(resource_type))

    return answer
