"""AWS::MSK::Cluster and AWS::MSK::Configuration, by ministack's own MSK API.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_MSK.html
"""

import json
from typing import Any

from local_aws.ministack_parts.resource_handlers import Created, Record, in_place, replaced
from local_aws.ministack_parts.services import cloudformation, msk

FIXED = ("ClusterName", "BrokerNodeGroupInfo")


def install() -> None:
    cloudformation.handlers.update(HANDLERS)


def create_cluster(_logical_id: str, properties: Record, _stack: str) -> Created:
    answer = _answered(msk.create_cluster(json.dumps(lowered(properties)).encode()))
    return _cluster(answer["clusterArn"])


def update_cluster(physical_id: str, old: Record, new: Record, stack: str, logical_id: str) -> Created:
    if any(old.get(key) != new.get(key) for key in FIXED):
        created = create_cluster(logical_id, new, stack)
        delete_cluster(physical_id, old)
        return created
    msk.clusters[physical_id].update(
        NumberOfBrokerNodes=int(new["NumberOfBrokerNodes"]),
        EnhancedMonitoring=new.get("EnhancedMonitoring", "DEFAULT"),
        LoggingInfo=lowered(new.get("LoggingInfo") or {}),
    )
    return _cluster(physical_id)


def delete_cluster(physical_id: str, _properties: Record) -> None:
    _answered(msk.delete_cluster(physical_id))


def create_configuration(_logical_id: str, properties: Record, _stack: str) -> Created:
    answer = _answered(msk.create_configuration(json.dumps(lowered(properties)).encode()))
    return answer["arn"], {"Arn": answer["arn"], "LatestRevision.Revision": answer["latestRevision"]["revision"]}


def delete_configuration(physical_id: str, _properties: Record) -> None:
    msk.configurations.pop(physical_id, None)


def lowered(value: Any) -> Any:
    """Return the value with the API's names: they begin with a small letter, those of a template with a capital."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: lowered(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [lowered(inner) for inner in value]
    return value


def _cluster(arn: str) -> Created:
    return arn, {"Arn": arn, "CurrentVersion": msk.clusters[arn]["CurrentVersion"]}


def _answered(response: Any) -> Record:
    status, _, body = response
    answer: Record = json.loads(body or b"{}")
    if status >= 400:
        raise ValueError(f"{answer.get('__type', status)}: {answer.get('message')}")
    return answer


HANDLERS = {
    "AWS::MSK::Cluster": in_place(create_cluster, update_cluster, delete_cluster),
    "AWS::MSK::Configuration": replaced(create_configuration, delete_configuration),
}
