"""AWS::CloudWatch::CompositeAlarm, by ministack's own PutCompositeAlarm.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-compositealarm.html
"""

import json
from typing import Any

from local_aws.ministack_parts.resource_handlers import Created, Record, replaced
from local_aws.ministack_parts.services import cloudformation, cloudwatch

TYPE = "AWS::CloudWatch::CompositeAlarm"


def install() -> None:
    cloudformation.handlers[TYPE] = replaced(create, delete)


def create(logical_id: str, properties: Record, stack: str) -> Created:
    name = properties.get("AlarmName") or f"{stack}-{logical_id}"
    _called(cloudwatch.put_composite_alarm, properties | {"AlarmName": name})
    return name, {"Arn": cloudwatch.composite_alarms[name]["AlarmArn"]}


def delete(physical_id: str, _properties: Record) -> None:
    _called(cloudwatch.delete_alarms, {"AlarmNames": [physical_id]})


def _called(action: Any, request: Record) -> None:
    status, _, body = action({}, request, False, is_json=True)
    if status >= 400:
        answer = json.loads(body)
        raise ValueError(f"{answer['__type']}: {answer['message']}")
