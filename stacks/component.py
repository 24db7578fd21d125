"""The stack of a component: its services, all on the digest that the stack's parameter names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from exchange_constructs.data.lasting_stores import AssetBucket
from exchange_constructs.observability import retention_of
from exchange_constructs.service.container_task import ContainerTask
from exchange_constructs.service.images import ReleasedImage
from exchange_constructs.service.service_alarms import UserLimits
from exchange_constructs.service.service_parts import Peer, ServiceContext
from exchange_constructs.service.services import (
    CanaryShare,
    Route,
    SingletonService,
    TrafficShift,
    WebService,
    WorkerService,
)
from exchange_constructs.values import minutes, seconds, tcp
from settings.loading import Service, Settings
from stacks.data import DataStack
from stacks.platform import PlatformStack
from stacks.registry import RegistryStack
from stacks.release import ReleaseStack

AnyService = WebService | WorkerService | SingletonService
WORK_FOLDER = "work"  # relative to the working directory of the image, as its commands are
WORKING_DIRECTORY = "/app"


class WebSettings(Protocol):
    """What every service of the kind `web` has: the settings refuse one that lacks any of it."""

    port: int
    listener_priority: int
    path_patterns: list[str]
    liveness_path: str
    shift_bake_minutes: int


@dataclass(frozen=True)
class ContainerInputs:
    """The environment variables and secrets of a component's containers (docs/contracts.md), and whom they may call."""

    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, ecs.Secret] = field(default_factory=dict)
    peers: Sequence[Peer] = ()


class ComponentStack(Stack):
    """A component's services; it deploys while its repository is empty, and they exist from the first release on."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Settings,
        component: str,
        inputs: ContainerInputs,
        data: DataStack,
        platform: PlatformStack,
        registry: RegistryStack,
        release: ReleaseStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id_, **kwargs)
        self._settings, self._component = settings, settings.components[component]
        self._data, self._platform, self._release = data, platform, release
        self.context = ServiceContext(
            cluster=platform.cluster,
            namespace=platform.namespace,
            image=ReleasedImage(self, registry.repositories[component]),
            retention=retention_of(settings.logs.retention_days),
            key=data.key,
            component=component,
            alarm_prefix=f"{settings.stack_name(component)}-",
            environment={"ENVIRONMENT": settings.environment, **inputs.environment},
            secrets=inputs.secrets,
            peers=inputs.peers,
        )
        self.tasks = {service.key: self._task(service) for service in self._component.services.values()}
        self.services = {service.key: self._service(service) for service in self._component.services.values()}
        self._let_the_gate_in()
        for stack in (registry, platform):
            self.add_stack_dependency(stack, "an adopted repository or cluster is known by name only")

    @property
    def alarms(self) -> Sequence[cloudwatch.IAlarm]:
        """Return the alarms of all services."""
        return [alarm for service in self.services.values() for alarm in service.alarms]

    def _task(self, service: Service) -> ContainerTask:
        size, assets = self._settings.task(self._component.name, service.key), self._assets(service)
        task = ContainerTask(
            self,
            f"{_id(service.key)}Task",
            context=self.context,
            service=service.key,
            cpu=size.cpu,
            memory_mb=size.memory,
            command=service.command,
            health_command=service.health_command,
            stop_timeout=seconds(service.stop_timeout_seconds),
            port=service.port,
            work_folder=f"{WORKING_DIRECTORY}/{WORK_FOLDER}" if service.work_volume_gb else None,
            work_volume_gb=service.work_volume_gb,
            environment=_variables(service, assets),
        )
        if assets:
            task.role.add_managed_policy(assets.access)
        return task

    def _assets(self, service: Service) -> AssetBucket | None:
        """Return the bucket with the assets of the last releases, for a service that has assets (F31)."""
        return self._data.assets if service.assets_path else None

    def _service(self, service: Service) -> AnyService:
        id_, task = _id(service.key), self.tasks[service.key]
        if service.kind == "singleton":
            return SingletonService(self, id_, context=self.context, task=task, name=service.name)
        size = self._settings.task(self._component.name, service.key)
        minimum, maximum = size.min or 1, size.max or 1
        if service.kind == "worker":
            return WorkerService(
                self, id_, context=self.context, task=task, name=service.name, minimum=minimum, maximum=maximum
            )
        return self._web_service(id_, service, task, minimum, maximum)

    def _web_service(self, id_: str, service: Service, task: ContainerTask, minimum: int, maximum: int) -> WebService:
        probe, web = self._component.gate.probe(service.key), cast(WebSettings, service)
        return WebService(
            self,
            id_,
            context=self.context,
            task=task,
            name=service.name,
            route=Route(
                self._platform.listeners,
                priority=web.listener_priority,
                path_patterns=web.path_patterns,
                port=web.port,
                liveness_path=web.liveness_path,
                drain=seconds(service.stop_timeout_seconds),
            ),
            shift=TrafficShift(self._release.gate.function, minutes(web.shift_bake_minutes), _canary(service)),
            limits=UserLimits(probe.max_error_rate, probe.percentile, probe.max_ms),
            minimum=minimum,
            maximum=maximum,
        )

    def _let_the_gate_in(self) -> None:
        """Let the gate ask every task at its private address: docs/decisions/0002-gate-asks-tasks.md"""
        for key, service in self.services.items():
            if port := self._component.services[key].port:
                gate = self._release.gate.security_group
                service.security_group.connections.allow_from(gate, tcp(port), "The health gate")


def _variables(service: Service, assets: AssetBucket | None) -> Mapping[str, str]:
    """Return what only this service is told: how long it may go on when it is to stop (F22), where the assets are."""
    drain = {"DRAIN_SECONDS": str(service.drain_seconds)} if service.drain_seconds else {}
    if not (assets and service.assets_path):
        return drain
    return {**drain, "ASSETS_BUCKET": assets.bucket.bucket_name, "ASSETS_PATH": service.assets_path}


def _canary(service: Service) -> CanaryShare | None:
    if not (service.canary_percent and service.canary_minutes):
        return None
    return CanaryShare(service.canary_percent, minutes(service.canary_minutes))


def _id(key: str) -> str:
    return "".join(word.capitalize() for word in key.split("-"))
