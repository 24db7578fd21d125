"""The engine: one writer."""

from typing import Any

from aws_cdk import aws_ecs as ecs
from constructs import Construct

from exchange_constructs.acknowledgements import acknowledge
from exchange_constructs.release_reach import finding
from stacks.component import WORK_FOLDER, ComponentStack, Needs
from stacks.data import DataStack
from stacks.settings import Settings


class EngineStack(ComponentStack):
    """Reads and writes Kafka, and keeps its snapshots in their bucket; its working volume can be lost."""

    def __init__(self, scope: Construct, id_: str, *, settings: Settings, data: DataStack, **kwargs: Any) -> None:
        super().__init__(scope, id_, settings=settings, component="engine", data=data, needs=_needs(data), **kwargs)
        for task in self.tasks.values():
            data.snapshots.grant_read_write(task.role)
            reason = "CDK's own grant, on the bucket of the snapshots and its key only"
            actions = ("s3:GetBucket*", "s3:GetObject*", "s3:List*", "s3:Abort*", "s3:DeleteObject*")
            actions += ("kms:GenerateDataKey*", "kms:ReEncrypt*")
            findings = [f"AwsSolutions-IAM5[Action::{action}]" for action in actions]
            objects = finding(self, data.snapshots.arn_for_objects("*"))
            acknowledge(task.role, dict.fromkeys([*findings, objects], reason))


def _needs(data: DataStack) -> Needs:
    return Needs(
        environment={
            "KAFKA_BROKERS": data.brokers,
            "SNAPSHOT_BUCKET": data.snapshots.bucket_name,
            "WORK_FOLDER": WORK_FOLDER,
        },
        secrets={"INTERNAL_API_TOKEN": ecs.Secret.from_secrets_manager(data.secrets["InternalApiToken"])},
        peers=data.kafka_peers,
    )
