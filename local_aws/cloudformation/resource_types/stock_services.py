"""Types that need only an action of a service that ministack has: alarms, identity, firewall, MSK, secrets.

Each with its page in https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/:
AWS::CloudWatch::CompositeAlarm, AWS::IAM::OIDCProvider, AWS::MSK::Cluster and AWS::MSK::Configuration.
Of AWS::WAFv2::WebACLAssociation the rules of the web ACL are kept, not enforced.
AWS::SecretsManager::Secret: `Ref` is the secret's ARN, which task definitions put into `valueFrom`; stock answers the
name, and a name with a JSON key finds nothing.
"""

import json

from local_aws.ministack_parts.answers import Record
from local_aws.ministack_parts.resource_handlers import (
    Created,
    answer_of,
    camel_case,
    in_place,
    query,
    replaced,
    text,
)
from local_aws.ministack_parts.services import cloudformation, cloudwatch, iam, msk, secretsmanager, waf

SECRET = "AWS::SecretsManager::Secret"  # noqa: S105  (a type)


def _install_secrets() -> None:
    """Let CloudFormation know a secret by its ARN, where ministack's handlers know it by its name."""
    stock = cloudformation.handlers[SECRET]

    def create(logical_id: str, properties: Record, stack: str) -> tuple[str, Record]:
        return _by_arn(stock["create"](logical_id, properties, stack))

    def update(physical_id: str, old: Record, new: Record, stack: str, logical_id: str) -> tuple[str, Record]:
        return _by_arn(stock["update"](_secret_name(physical_id), old, new, stack, logical_id))

    def delete(physical_id: str, properties: Record) -> None:
        stock["delete"](_secret_name(physical_id), properties)

    cloudformation.handlers[SECRET] = stock | {"create": create, "update": update, "delete": delete}


def _by_arn(made: tuple[str, Record]) -> tuple[str, Record]:
    name, attributes = made
    return str(secretsmanager.secrets[name]["ARN"]), attributes


def _secret_name(physical_id: str) -> str:
    named = (name for name, secret in secretsmanager.secrets.items() if secret["ARN"] == physical_id)
    return next(named, physical_id)


COMPOSITE_ALARM = "AWS::CloudWatch::CompositeAlarm"


def create_alarm(logical_id: str, properties: Record, stack: str) -> Created:
    name = properties.get("AlarmName") or f"{stack}-{logical_id}"
    answer_of(cloudwatch.put_composite_alarm({}, properties | {"AlarmName": name}, False, is_json=True))
    return name, {"Arn": cloudwatch.composite_alarms[name]["AlarmArn"]}


def delete_alarm(physical_id: str, _properties: Record) -> None:
    answer_of(cloudwatch.delete_alarms({}, {"AlarmNames": [physical_id]}, False, is_json=True))


IDENTITY_PROVIDER = "AWS::IAM::OIDCProvider"


def create_identity_provider(_logical_id: str, properties: Record, _stack: str) -> Created:
    request = {
        "Url": properties["Url"],
        "ClientIDList": properties.get("ClientIdList"),
        "ThumbprintList": properties.get("ThumbprintList"),
    }
    answer = query(iam.create_oidc_provider, request, list_word="member")
    arn = text(answer, "OpenIDConnectProviderArn")
    return arn, {"Arn": arn}


def delete_identity_provider(physical_id: str, _properties: Record) -> None:
    query(iam.delete_oidc_provider, {"OpenIDConnectProviderArn": physical_id})


WEB_ACL_ASSOCIATION = "AWS::WAFv2::WebACLAssociation"


def create_association(_logical_id: str, properties: Record, _stack: str) -> Created:
    resource, acl = properties["ResourceArn"], properties["WebACLArn"]
    answer_of(waf.associate_web_acl({"ResourceArn": resource, "WebACLArn": acl}))
    return f"{acl}|{resource}", {}


def delete_association(_physical_id: str, properties: Record) -> None:
    answer_of(waf.disassociate_web_acl({"ResourceArn": properties["ResourceArn"]}))


FIXED = ("ClusterName", "BrokerNodeGroupInfo")


def install() -> None:
    """Give every one of these types its handlers."""
    _install_secrets()
    cloudformation.handlers[COMPOSITE_ALARM] = replaced(create_alarm, delete_alarm)
    cloudformation.handlers[IDENTITY_PROVIDER] = replaced(create_identity_provider, delete_identity_provider)
    cloudformation.handlers[WEB_ACL_ASSOCIATION] = replaced(create_association, delete_association)
    cloudformation.handlers.update(HANDLERS)


def create_cluster(_logical_id: str, properties: Record, _stack: str) -> Created:
    answer = answer_of(msk.create_cluster(json.dumps(camel_case(properties)).encode()))
    return _cluster(answer["clusterArn"])


def update_cluster(physical_id: str, old: Record, new: Record, stack: str, logical_id: str) -> Created:
    if any(old.get(key) != new.get(key) for key in FIXED):
        created = create_cluster(logical_id, new, stack)
        delete_cluster(physical_id, old)
        return created
    msk.clusters[physical_id].update(
        NumberOfBrokerNodes=int(new["NumberOfBrokerNodes"]),
        EnhancedMonitoring=new.get("EnhancedMonitoring", "DEFAULT"),
        LoggingInfo=camel_case(new.get("LoggingInfo") or {}),
    )
    return _cluster(physical_id)


def delete_cluster(physical_id: str, _properties: Record) -> None:
    answer_of(msk.delete_cluster(physical_id))


def create_configuration(_logical_id: str, properties: Record, _stack: str) -> Created:
    answer = answer_of(msk.create_configuration(json.dumps(camel_case(properties)).encode()))
    return answer["arn"], {"Arn": answer["arn"], "LatestRevision.Revision": answer["latestRevision"]["revision"]}


def delete_configuration(physical_id: str, _properties: Record) -> None:
    msk.configurations.pop(physical_id, None)


def _cluster(arn: str) -> Created:
    return arn, {"Arn": arn, "CurrentVersion": msk.clusters[arn]["CurrentVersion"]}


HANDLERS = {
    "AWS::MSK::Cluster": in_place(create_cluster, update_cluster, delete_cluster),
    "AWS::MSK::Configuration": replaced(create_configuration, delete_configuration),
}
