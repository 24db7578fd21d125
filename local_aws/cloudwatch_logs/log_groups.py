"""Log groups are refused where AWS refuses them: a name that is taken, a key that CloudWatch Logs may not use.

The service encrypts as itself, so the key's policy must let it in:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
The words of the refusal: https://github.com/aws/aws-cdk/issues/28304
"""

from functools import wraps
from typing import Any

from local_aws.clock import Clock
from local_aws.ministack_parts import embedding
from local_aws.ministack_parts.answers import error_response_json
from local_aws.ministack_parts.services import cloudformation, cloudwatch_logs, kms

Record = dict[str, Any]
TYPE = "AWS::Logs::LogGroup"
SERVICE = f"logs.{embedding.REGION}.amazonaws.com"
ACTIONS = (
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:GenerateDataKey",
    "kms:DescribeKey",
)


def install(_clock: Clock) -> None:
    """Refuse in the API and in CloudFormation alike."""
    stock = cloudformation.handlers[TYPE]
    create, update = stock["create"], stock["update"]

    def created(logical_id: str, properties: Record, stack: str) -> Any:
        name = properties.get("LogGroupName") or f"/aws/cloudformation/{stack}/{logical_id}"
        if name in cloudwatch_logs.log_groups:
            raise ValueError(f"Resource of type '{TYPE}' with identifier '{name}' already exists.")
        _require_usable(name, properties.get("KmsKeyId"))
        return create(logical_id, properties, stack)

    def updated(physical_id: str, old: Record, new: Record, stack: str, *more: str) -> Any:
        _require_usable(physical_id, new.get("KmsKeyId"))
        return update(physical_id, old, new, stack, *more)

    cloudformation.replace_handlers(TYPE, create=created, update=updated)
    cloudwatch_logs.create_log_group.wrap(_refusing)


def refusal(name: str, key_id: str | None) -> str | None:
    """Return why a log group of this name must not be encrypted with the key; None when it may."""
    if not key_id:
        return None
    arn = f"arn:aws:logs:{embedding.REGION}:{embedding.ACCOUNT}:log-group:{name}"
    key = kms.key(key_id)
    if key is not None and kms.lets_in(key["Policy"], SERVICE, ACTIONS, {"aws:logs:arn": arn}):
        return None
    return f"The specified KMS key does not exist or is not allowed to be used with Arn '{arn}'"


def _require_usable(name: str, key_id: str | None) -> None:
    if problem := refusal(name, key_id):
        raise ValueError(problem)


def _refusing(stock: Any) -> Any:
    @wraps(stock)
    def create_log_group(request: Record) -> Any:
        problem = refusal(str(request.get("logGroupName")), request.get("kmsKeyId"))
        return error_response_json("AccessDeniedException", problem, 400) if problem else stock(request)

    return create_log_group
