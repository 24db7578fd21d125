"""Types of which the local AWS keeps the record and does nothing with it; each with the reason.

Their references and attributes answer as AWS documents them, so that the stacks around them deploy unchanged.
"""

import uuid
from dataclasses import dataclass
from typing import Any

from local_aws.ministack_parts.answers import Record, get_account_id, get_region
from local_aws.ministack_parts.resource_handlers import Created, in_place
from local_aws.ministack_parts.services import cloudformation


@dataclass(frozen=True)
class RecordOnly:
    """How a type of which only a record is kept answers, and why only that.

    `reference` may name {stack} {logical} {unique} {region} {account} and {name}, `attributes` the {reference}.
    """

    reason: str
    reference: str = "{stack}-{logical}-{unique}"
    name_property: str = ""
    attributes: tuple[tuple[str, str], ...] = ()


NO_TRAFFIC = "there is no network traffic to look at"
RECORD_ONLY = {
    "AWS::CodePipeline::CustomActionType": RecordOnly("a pipeline with actions of a type of one's own is refused"),
    "AWS::CodePipeline::Webhook": RecordOnly("pushes to connected repositories start pipelines, nothing else does"),
    "AWS::CodeConnections::Connection": RecordOnly(
        "a repository of this machine is connected by its name, whatever the connection",
        "arn:aws:codeconnections:{region}:{account}:connection/{unique}",
        attributes=(("ConnectionArn", "{reference}"), ("ConnectionStatus", "PENDING")),
    ),
    "AWS::CodeStarNotifications::NotificationRule": RecordOnly(
        "nobody is notified from here", attributes=(("Arn", "{reference}"),)
    ),
    "AWS::Chatbot::SlackChannelConfiguration": RecordOnly(
        "no chat is reached from here", attributes=(("Arn", "{reference}"),)
    ),
    "AWS::WAFv2::LoggingConfiguration": RecordOnly(NO_TRAFFIC, "{reference_of[ResourceArn]}"),
    "AWS::MSK::ServerlessCluster": RecordOnly(
        "serverless Kafka speaks IAM authentication only",
        "arn:aws:kafka:{region}:{account}:cluster/{logical}/{unique}",
        attributes=(("Arn", "{reference}"),),
    ),
    "AWS::MSK::ClusterPolicy": RecordOnly("the stream stand-in has no policies"),
    "AWS::MSK::BatchScramSecret": RecordOnly("the stream stand-in has no users"),
    "AWS::SecretsManager::RotationSchedule": RecordOnly("secrets do not rotate here"),
    "AWS::SecretsManager::ResourcePolicy": RecordOnly("resource policies of secrets are not evaluated"),
    "AWS::Backup::BackupSelection": RecordOnly("no backup plan runs here", "{unique}"),
    "AWS::Logs::QueryDefinition": RecordOnly("a saved query is for people", "{unique}"),
    "AWS::ECS::ClusterCapacityProviderAssociations": RecordOnly(
        "every task is a local process, whatever its capacity provider", "{name}", "Cluster"
    ),
    "AWS::IAM::ServiceLinkedRole": RecordOnly("services act without a role here", "AWSServiceRole-{unique}"),
    "AWS::ElasticLoadBalancingV2::ListenerCertificate": RecordOnly("listeners show a certificate of their own"),
    "AWS::CloudWatch::AnomalyDetector": RecordOnly("no model is trained here", "{unique}"),
    "AWS::Synthetics::Canary": RecordOnly("no browser runs here", "{name}", "Name"),
    "AWS::EC2::NetworkAcl": RecordOnly(NO_TRAFFIC, "acl-{unique}", attributes=(("Id", "{reference}"),)),
    "AWS::EC2::NetworkAclEntry": RecordOnly(NO_TRAFFIC),
    "AWS::EC2::SubnetNetworkAclAssociation": RecordOnly(
        NO_TRAFFIC, "aclassoc-{unique}", attributes=(("AssociationId", "{reference}"),)
    ),
    "AWS::Route53::HealthCheck": RecordOnly("nobody asks Route 53 from here", "{unique}"),
    "AWS::SSM::Document": RecordOnly("nothing runs Systems Manager documents", "{name}", "Name"),
}


def install() -> None:
    for resource_type, rule in RECORD_ONLY.items():
        cloudformation.handlers.setdefault(resource_type, _handlers(rule))


def _handlers(rule: RecordOnly) -> Record:
    def create(logical_id: str, properties: Record, stack: str) -> Created:
        return _created(rule, logical_id, properties, stack)

    def update(physical_id: str, old: Record, new: Record, stack: str, logical_id: str) -> Created:
        if rule.name_property and old.get(rule.name_property) != new.get(rule.name_property):
            return create(logical_id, new, stack)
        return physical_id, _attributes(rule, physical_id)

    return in_place(create, update, _nothing)


def _created(rule: RecordOnly, logical_id: str, properties: Record, stack: str) -> Created:
    unique = uuid.uuid4().hex[:12]
    words: dict[str, Any] = {
        "stack": stack,
        "logical": logical_id,
        "unique": unique,
        "region": get_region(),
        "account": get_account_id(),
        "name": properties.get(rule.name_property) or f"{stack}-{logical_id}-{unique}",
        "reference_of": properties,
    }
    reference = rule.reference.format(**words)
    return reference, _attributes(rule, reference)


def _attributes(rule: RecordOnly, reference: str) -> Record:
    return {name: value.format(reference=reference) for name, value in rule.attributes}


def _nothing(_physical_id: str, _properties: Record) -> None:
    """Delete nothing: there is only the record, which CloudFormation keeps itself."""
