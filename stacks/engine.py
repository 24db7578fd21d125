"""The stack of the engine, of which one task at a time runs."""

from typing import Any

from aws_cdk import aws_ecs as ecs
from constructs import Construct

from settings.loading import Settings
from stacks.component import WORK_FOLDER, ComponentStack, ContainerInputs
from stacks.data import DataStack


class EngineStack(ComponentStack):
    """The engine's service: it uses Kafka and keeps snapshots in a bucket, so its working volume can be lost."""

    def __init__(self, scope: Construct, id_: str, *, settings: Settings, data: DataStack, **kwargs: Any) -> None:
        super().__init__(scope, id_, settings=settings, component="engine", data=data, inputs=_inputs(data), **kwargs)
        for task in self.tasks.values():
            task.role.add_managed_policy(data.snapshots.access)


def _inputs(data: DataStack) -> ContainerInputs:
    return ContainerInputs(
        environment={
            "KAFKA_BROKERS": data.brokers,
            "SNAPSHOT_BUCKET": data.snapshots.bucket.bucket_name,
            "WORK_FOLDER": WORK_FOLDER,
        },
        secrets={"INTERNAL_API_TOKEN": ecs.Secret.from_secrets_manager(data.secrets["InternalApiToken"])},
        peers=data.kafka_peers,
    )
