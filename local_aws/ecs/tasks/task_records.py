"""The record of a task, in the shape that ministack's DescribeTasks and ListTasks read, and the event that tells it.

Fields: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html.
The `ECS Task State Change` event is the record as it is now, without its health:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
"""

from local_aws.eventbridge import events
from local_aws.ministack_parts.answers import Record, get_account_id, get_region, new_uuid, now_iso
from local_aws.ministack_parts.services import ecs

# Present from the start, so that no key is added while another thread reads the record; ministack leaves out None.
_LATER = (
    "pullStartedAt",
    "pullStoppedAt",
    "startedAt",
    "stoppingAt",
    "executionStoppedAt",
    "stoppedAt",
    "stoppedReason",
    "stopCode",
)


def new_task(request: Record, *, cluster: Record, definition: Record) -> Record:
    """Return the record of a task that has not started."""
    region = get_region()
    task_arn = f"arn:aws:ecs:{region}:{get_account_id()}:task/{cluster['clusterName']}/{new_uuid().replace('-', '')}"
    return {
        "taskArn": task_arn,
        "clusterArn": cluster["clusterArn"],
        "taskDefinitionArn": definition["taskDefinitionArn"],
        "lastStatus": "PROVISIONING",
        "desiredStatus": "RUNNING",
        "healthStatus": "UNKNOWN",
        "launchType": request.get("launchType") or "FARGATE",
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "cpu": str(definition.get("cpu") or 256),
        "memory": str(definition.get("memory") or 512),
        "group": request.get("group") or f"family:{definition['family']}",
        "startedBy": request.get("startedBy", ""),
        "overrides": request.get("overrides") or {"containerOverrides": []},
        "createdAt": now_iso(),
        "availabilityZone": f"{region}a",
        "enableExecuteCommand": bool(request.get("enableExecuteCommand")),
        "tags": request.get("tags") or [],
        "attachments": [],
        "version": 1,
        "containers": [_container(task_arn, item) for item in definition["containerDefinitions"]],
        "_subnet": _first_subnet(request),
        "_environment": request.get("_environment") or {},
        **dict.fromkeys(_LATER),
    }


def attach_network_interface(record: Record, address: str) -> None:
    """Give the task an address: an attachment as awsvpc tasks have it, and the containers' own view of it."""
    interface = new_uuid()
    details = {
        "subnetId": record["_subnet"],
        "networkInterfaceId": f"eni-{interface[:17].replace('-', '')}",
        "privateDnsName": f"ip-{address.replace('.', '-')}.{get_region()}.compute.internal",
        "privateIPv4Address": address,
    }
    record["attachments"] = [
        {
            "id": interface,
            "type": "ElasticNetworkInterface",
            "status": "ATTACHED",
            "details": [{"name": name, "value": value} for name, value in details.items() if value],
        }
    ]
    for container in record["containers"]:
        container["networkInterfaces"] = [{"attachmentId": interface, "privateIpv4Address": address}]


def move(record: Record, status: str) -> None:
    """Set the task's next status; `version` counts the changes."""
    record["lastStatus"] = status
    record["version"] += 1


def _container(task_arn: str, definition: Record) -> Record:
    region = get_region()
    return {
        "containerArn": f"arn:aws:ecs:{region}:{get_account_id()}:container/{new_uuid()}",
        "taskArn": task_arn,
        "name": definition["name"],
        "image": definition["image"],
        "lastStatus": "PENDING",
        "healthStatus": "UNKNOWN",
        "networkBindings": [],
        "networkInterfaces": [],
        "cpu": str(definition.get("cpu") or 0),
        **dict.fromkeys(("exitCode", "imageDigest", "runtimeId", "reason")),
    }


def _first_subnet(request: Record) -> str | None:
    vpc = (request.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
    return next(iter(vpc.get("subnets") or []), None)


def announce(record: Record) -> None:
    """Tell EventBridge of this state of a task."""
    task: Record = ecs.without_internals(record)
    detail = _without_health(task) | {
        "containers": [_without_health(container) for container in task["containers"]],
        "updatedAt": now_iso(),
    }
    events.emit_later("aws.ecs", "ECS Task State Change", detail, [record["taskArn"]])


def _without_health(item: Record) -> Record:
    return {key: value for key, value in item.items() if key not in ("healthStatus", "tags")}
