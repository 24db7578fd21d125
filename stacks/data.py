"""The stack of all that must never be lost: database, cache, Kafka, snapshots, assets, secrets, and the ledger."""

from typing import Any

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from exchange_constructs.data.databases import PORT as CACHE_PORT
from exchange_constructs.data.databases import GeneratedSecrets, PostgresDatabase, RedisCache, SecretSpec
from exchange_constructs.data.kafka import KafkaBroker, MskCluster
from exchange_constructs.data.lasting_stores import AssetBucket, LedgerTable, SnapshotBucket
from exchange_constructs.keys import encryption_key
from exchange_constructs.observability import retention_of
from exchange_constructs.service.service_parts import Peer
from exchange_constructs.values import anywhere, tcp
from settings.environment import EcsKafka, ExternalKafka
from settings.loading import Settings
from stacks.network import NetworkStack
from stacks.platform import PlatformStack
from stacks.registry import RegistryStack

_SECRETS = {
    "DatabaseLogin": SecretSpec("PostgreSQL: username, password", username="exchange"),
    "RedisToken": SecretSpec("What a client of Redis must know"),
    "RailsMasterKey": SecretSpec("RAILS_MASTER_KEY, set by people: it opens the credentials in the image", given=True),
    "JwtSecret": SecretSpec("What sessions are signed with, by the backend and by the client"),
    "ExternalApiKeys": SecretSpec("Keys of partners, as JSON, set by people", given=True),
    "InternalApiToken": SecretSpec("With what the components know each other"),
}


class DataStack(Stack):
    """Stores that are encrypted with `key`, kept when the stack goes, and in production protected from deletion."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Settings,
        network: NetworkStack,
        platform: PlatformStack,
        registry: RegistryStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id_, **kwargs)
        self._settings, self._vpc = settings, network.vpc
        self._retention = retention_of(settings.logs.retention_days)
        self.key = encryption_key(self, "Key", removal_policy=RemovalPolicy.RETAIN)
        # As if it were imported: what reads a secret is then granted the key in its own role, not in the key's policy,
        # which would name roles of stacks that come later and so go round in a circle (F18).
        imported_key = kms.Key.from_key_arn(self, "KeyOfSecrets", self.key.key_arn)
        self.secrets = GeneratedSecrets(self, "Secrets", specs=_SECRETS, key=imported_key).by_name
        self.database = self._database(self.secrets["DatabaseLogin"])
        self.cache = RedisCache(
            self,
            "Cache",
            vpc=self._vpc,
            key=self.key,
            token=self.secrets["RedisToken"],
            node_type=settings.cache.node_type,
            replicas=settings.cache.replicas,
        )
        self.brokers, self.kafka_peers = self._kafka(platform, registry)
        self.snapshots = SnapshotBucket(self, "Snapshots", key=self.key)
        self.assets = self._assets()
        self.ledger = LedgerTable(self, "Ledger", key=self.key, protect=settings.production).table

    @property
    def database_peer(self) -> Peer:
        """Return the database, as a service that may call it needs it."""
        return Peer(self.database.security_group, tcp(5432))

    @property
    def cache_peer(self) -> Peer:
        """Return the cache, as a service that may call it needs it."""
        return Peer(self.cache.security_group, tcp(CACHE_PORT))

    def _assets(self) -> AssetBucket | None:
        """Make the bucket for assets, if a service has some."""
        components = self._settings.components.values()
        if not any(service.assets_path for component in components for service in component.services.values()):
            return None
        return AssetBucket(self, "Assets", key=self.key, kept=Duration.days(self._settings.assets.kept_days))

    def _database(self, login: secretsmanager.ISecret) -> PostgresDatabase:
        database = self._settings.database
        return PostgresDatabase(
            self,
            "Database",
            vpc=self._vpc,
            login=login,
            key=self.key,
            instance_class=database.instance_class,
            storage_gb=database.storage_gb,
            multi_az=database.multi_az,
            backup=Duration.days(database.backup_days),
            protect=self._settings.production,
        )

    def _kafka(self, platform: PlatformStack, registry: RegistryStack) -> tuple[str, list[Peer]]:
        """Return the addresses that Kafka's clients start with, and the brokers that these clients may call."""
        kafka = self._settings.kafka
        if isinstance(kafka, ExternalKafka):
            ports = sorted({int(broker.rpartition(":")[2]) for broker in kafka.bootstrap_brokers})
            # brokers that somebody else runs are known by name only
            return ",".join(kafka.bootstrap_brokers), [Peer(anywhere(), tcp(port)) for port in ports]
        if isinstance(kafka, EcsKafka):
            broker = self._broker(kafka, platform.cluster, platform.namespace, registry)
            return broker.brokers, [Peer(broker.security_group, broker.port)]
        cluster = MskCluster(
            self,
            "Kafka",
            name=self._settings.stack_name("kafka"),
            vpc=self._vpc,
            key=self.key,
            instance_type=kafka.instance_type,
            brokers=kafka.brokers,
            storage_gb=kafka.storage_gb,
            retention=self._retention,
        )
        return cluster.brokers, [Peer(cluster.security_group, cluster.port)]

    def _broker(self, kafka: EcsKafka, cluster: ecs.ICluster, namespace: str, registry: RegistryStack) -> KafkaBroker:
        if registry.kafka is None:
            raise ValueError(f"{self.node.path}: the Registry stack has no repository for the broker's image")
        return KafkaBroker(
            self,
            "Kafka",
            name=kafka.service_name,
            cluster=cluster,
            namespace=namespace,
            repository=registry.kafka,
            key=self.key,
            retention=self._retention,
            cpu=kafka.cpu,
            memory_mb=kafka.memory,
            health_command=kafka.health_command,
        )
