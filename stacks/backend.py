"""The stack of the backend: its services web, sidekiq, clockwork and kafka-consumer."""

from typing import Any

from aws_cdk import aws_ecs as ecs
from constructs import Construct

from exchange_constructs.data.databases import PostgresDatabase
from settings.loading import Settings
from stacks.component import ComponentStack, ContainerInputs
from stacks.data import DataStack


class BackendStack(ComponentStack):
    """The backend's services, which use the database, Redis and Kafka."""

    def __init__(self, scope: Construct, id_: str, *, settings: Settings, data: DataStack, **kwargs: Any) -> None:
        super().__init__(scope, id_, settings=settings, component="backend", data=data, inputs=_inputs(data), **kwargs)


def _inputs(data: DataStack) -> ContainerInputs:
    secret, secrets = ecs.Secret.from_secrets_manager, data.secrets
    instance = data.database.instance
    return ContainerInputs(
        environment={
            "DATABASE_HOST": instance.db_instance_endpoint_address,
            "DATABASE_PORT": instance.db_instance_endpoint_port,
            "DATABASE_NAME": PostgresDatabase.name,
            "REDIS_HOST": data.cache.host,
            "REDIS_PORT": data.cache.port,
            "KAFKA_BROKERS": data.brokers,
        },
        secrets={
            "DATABASE_USERNAME": secret(secrets["DatabaseLogin"], "username"),
            "DATABASE_PASSWORD": secret(secrets["DatabaseLogin"], "password"),
            "REDIS_AUTH_TOKEN": secret(secrets["RedisToken"]),
            "RAILS_MASTER_KEY": secret(secrets["RailsMasterKey"]),
            "JWT_SECRET": secret(secrets["JwtSecret"]),
            "EXTERNAL_API_KEYS": secret(secrets["ExternalApiKeys"]),
            "INTERNAL_API_TOKEN": secret(secrets["InternalApiToken"]),
        },
        peers=[data.database_peer, data.cache_peer, *data.kafka_peers],
    )
