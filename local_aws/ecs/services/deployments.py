"""ECS services over real tasks: create, update, delete, and the queries about their deployments.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html and its siblings.
"""

import itertools

from local_aws.clock import Clock
from local_aws.ecs.services import deployment_checks, lifecycle_hooks, service_views
from local_aws.ecs.services.rollouts import Revision, Rollout
from local_aws.ecs.services.service_controller import ServiceController
from local_aws.ecs.tasks import tasks
from local_aws.ministack_parts.answers import (
    Action,
    Record,
    RefusedError,
    answered,
    get_account_id,
    get_region,
    now_iso,
    root_arn,
)
from local_aws.ministack_parts.services import ecs

ACTIONS: dict[str, Action] = {}
_controllers: dict[str, ServiceController] = {}
_numbers = itertools.count(1_000_000_000_000_000_001)

# A change of one of these is a new service revision; the others only change how the service is run.
_REVISED = (
    "taskDefinition",
    "loadBalancers",
    "networkConfiguration",
    "serviceConnectConfiguration",
    "serviceRegistries",
    "volumeConfigurations",
    "platformVersion",
    "capacityProviderStrategy",
)
_ADJUSTED = (
    "desiredCount",
    "deploymentConfiguration",
    "healthCheckGracePeriodSeconds",
    "enableExecuteCommand",
    "availabilityZoneRebalancing",
    "propagateTags",
)


def install(clock: Clock) -> None:
    """Replace the actions on services and deployments, in the API and where CloudFormation calls them."""

    ACTIONS.update(
        {
            "CreateService": lambda request: _create_service(request, clock),
            "UpdateService": _update_service,
            "DeleteService": _delete_service,
            "ListServiceDeployments": lambda request: service_views.listed(request, _requested(request).history),
            "DescribeServiceDeployments": lambda request: service_views.deployments(request, _rollouts()),
            "DescribeServiceRevisions": lambda request: service_views.revisions(request, _rollouts()),
            "StopServiceDeployment": _stop_service_deployment,
            "ContinueServiceDeployment": _continue_service_deployment,
        }
    )
    for name, action in ACTIONS.items():
        ecs.replace_action(name, answered(_without_internals(action)))


def close() -> None:
    """End every service controller, so that no task is replaced any more."""
    for service in _controllers.values():
        service.abandon()


def controllers() -> list[ServiceController]:
    """Return the controller of every active service."""
    return [service for service in _controllers.values() if service.record["status"] == "ACTIVE"]


def controller(cluster: str, service: str) -> ServiceController:
    """Return the controller of a service, by names or ARNs."""
    name = tasks.cluster(cluster)["clusterName"]
    service_controller = _controllers.get(f"{name}/{service.rsplit('/', 1)[-1]}")
    if service_controller is None:
        raise RefusedError("ServiceNotFoundException", "Service not found.")
    if service_controller.record["status"] != "ACTIVE":
        raise RefusedError("ServiceNotActiveException", "Service was not ACTIVE.")
    return service_controller


def _without_internals(action: Action) -> Action:
    def answer(request: Record) -> Record:
        body: Record = ecs.without_internals(action(request))
        return body

    return answer


def _requested(request: Record) -> ServiceController:
    return controller(request.get("cluster", ""), request.get("service", ""))


def _create_service(request: Record, clock: Clock) -> Record:
    cluster = tasks.cluster(request.get("cluster"))
    key = f"{cluster['clusterName']}/{request['serviceName']}"
    if key in _controllers and _controllers[key].record["status"] != "INACTIVE":
        raise RefusedError("InvalidParameterException", "Creation of service was not idempotent.")
    deployment_checks.check(request)
    definition = tasks.active_definition(request.get("taskDefinition", ""))
    record = _service_record(request, cluster)
    ecs.services[key] = record
    if record["tags"]:
        ecs.tags[record["serviceArn"]] = list(record["tags"])
    service = _controllers[key] = ServiceController(record, clock)
    _roll_out(service, definition)
    return {"service": record}


def _update_service(request: Record) -> Record:
    service = _requested(request)
    # A service goes on with the definition that it has, though that may have been deregistered meanwhile.
    definition = tasks.active_definition(
        request.get("taskDefinition") or service.record["taskDefinition"], also_former=True
    )
    with service.lock:
        before = {key: service.record.get(key) for key in _REVISED}
        changes = {key: request[key] for key in (*_REVISED, *_ADJUSTED) if request.get(key) is not None}
        deployment_checks.check(service.record | changes)
        service.record.update(changes, taskDefinition=definition["taskDefinitionArn"])
        if request.get("forceNewDeployment") or before != {key: service.record.get(key) for key in _REVISED}:
            _roll_out(service, definition)
    return {"service": service.record}


def _delete_service(request: Record) -> Record:
    service = _requested(request)
    if service.state.desired > 0 and not request.get("force"):
        raise RefusedError("InvalidParameterException", "The service cannot be stopped while it is scaled above 0.")
    service.record.update(status="DRAINING", desiredCount=0)
    service.close()
    return {"service": service.record}


def _stop_service_deployment(request: Record) -> Record:
    """Send a service deployment back, as StopServiceDeployment does.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stop-service-deployment.html
    """
    if request.get("stopType", "ROLLBACK") != "ROLLBACK":
        raise RefusedError("InvalidParameterException", "Invalid stopType. Valid values are: ROLLBACK")
    service, rollout = _deployment(request["serviceDeploymentArn"])
    if rollout.settled.is_set():
        raise RefusedError("ConflictException", f"The service deployment is over: {rollout.status}")
    service.stop(rollout)
    return {"serviceDeploymentArn": rollout.arn}


def _continue_service_deployment(request: Record) -> Record:
    """Answer a pause hook of a service deployment.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/continue-service-deployment.html
    """
    service, rollout = _deployment(request["serviceDeploymentArn"])
    with service.lock:
        lifecycle_hooks.decide(rollout, request["hookId"], request.get("action", "CONTINUE"))
    return {"serviceDeploymentArn": rollout.arn}


def _deployment(arn: str) -> tuple[ServiceController, Rollout]:
    for service in _remembered():
        for rollout in service.history:
            if rollout.arn == arn:
                return service, rollout
    raise RefusedError("ServiceDeploymentNotFoundException", "The service deployment does not exist.")


def _rollouts() -> list[Rollout]:
    return [rollout for service in _remembered() for rollout in service.history]


def _remembered() -> list[ServiceController]:
    """Return the services whose deployments are listed: not deleted ones (service-deployment.html)."""
    return [service for service in _controllers.values() if service.record["status"] != "INACTIVE"]


def _roll_out(service: ServiceController, definition: Record) -> Rollout:
    record = service.record
    name = record["serviceArn"].partition(":service/")[2]
    number = next(_numbers)
    settings = {key: record.get(key) for key in (*_REVISED, "serviceArn", "clusterArn", "launchType")}
    settings["_grace"] = service.state.clock.real(float(record.get("healthCheckGracePeriodSeconds") or 0))
    revision = Revision(
        arn=f"arn:aws:ecs:{get_region()}:{get_account_id()}:service-revision/{name}/{number}",
        number=number,
        definition=definition,
        settings=settings,
    )
    return service.begin(revision)


def _service_record(request: Record, cluster: Record) -> Record:
    arn = f"arn:aws:ecs:{get_region()}:{get_account_id()}:service/{cluster['clusterName']}/{request['serviceName']}"
    definition = tasks.task_definition(request["taskDefinition"]) or {}
    return {
        **{key: request.get(key) for key in (*_REVISED, *_ADJUSTED)},
        "serviceArn": arn,
        "serviceName": request["serviceName"],
        "clusterArn": cluster["clusterArn"],
        "taskDefinition": definition.get("taskDefinitionArn"),
        "desiredCount": int(request.get("desiredCount", 1)),
        "runningCount": 0,
        "pendingCount": 0,
        "status": "ACTIVE",
        "launchType": request.get("launchType"),
        "schedulingStrategy": request.get("schedulingStrategy") or "REPLICA",
        "deploymentController": {"type": "ECS"},
        "deployments": [],
        "events": [],
        "roleArn": request.get("role"),
        "createdAt": now_iso(),
        "createdBy": root_arn(),
        "tags": request.get("tags") or [],
    }
