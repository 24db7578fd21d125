"""AWS::CloudWatch::CompositeAlarm, by ministack's own PutCompositeAlarm.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-compositealarm.html
"""

import json
from typing import Any

from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from local_aws.ministack_parts.resource_handlers import Created, Record, replaced

TYPE = "AWS::CloudWatch::CompositeAlarm"


def install() -> None:
    provisioners._RESOURCE_HANDLERS[TYPE] = replaced(create, delete)


def create(logical_id: str, properties: Record, stack: str) -> Created:
    name = properties.get("AlarmName") or f"{stack}-{logical_id}"
    _called(cloudwatch._put_composite_alarm, properties | {"AlarmName": name})
    return name, {"Arn": cloudwatch._composite_alarms[name]["AlarmArn"]}


def delete(physical_id: str, _properties: Record) -> None:
    _called(cloudwatch._delete_alarms, {"AlarmNames": [physical_id]})


def _called(action: Any, request: Record) -> None:
    status, _, body = action({}, request, False, is_json=True)
    if status >= 400:
        answer = json.loads(body)
        raise ValueError(f"{answer['__type']}: {answer['message']}")
