"""The stack of a component: its services, on the one digest that the stack's parameter names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from exchange_constructs.observability import retention_of
from exchange_constructs.service.container_task import ContainerTask
from exchange_constructs.service.images import ReleasedImage
from exchange_constructs.service.service_alarms import UserLimits
from exchange_constructs.service.service_parts import Peer, ServiceContext
from exchange_constructs.service.services import SingletonService, WebService, WorkerService
from exchange_constructs.values import minutes, seconds, tcp
from settings.loading import Service, Settings
from stacks.data import DataStack
from stacks.platform import PlatformStack
from stacks.registry import RegistryStack
from stacks.release import ReleaseStack

T = TypeVar("T")
AnyService = WebService | WorkerService | SingletonService
WORK_FOLDER = "work"  # relative to the working directory of the image, as its commands are
WORKING_DIRECTORY = "/app"


@dataclass(frozen=True)
class ContainerInputs:
    """What the component's containers are told (docs/contracts.md), and whom they may reach."""

    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, ecs.Secret] = field(default_factory=dict)
    peers: Sequence[Peer] = ()


class ComponentStack(Stack):
    """Deploys with its repository still empty: its services come to life with the first release."""

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
        return [alarm for service in self.services.values() for alarm in service.alarms]

    def _task(self, service: Service) -> ContainerTask:
        size = self._settings.task(self._component.name, service.key)
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
            environment={**_drain_told(service), **self._assets_told(service)},
        )
        if service.assets_path:
            task.role.add_managed_policy(_needed(self._data.assets).access)
        return task

    def _assets_told(self, service: Service) -> Mapping[str, str]:
        """Where the assets of the last releases are; only to a service that has some (F31)."""
        if service.assets_path is None:
            return {}
        bucket = _needed(self._data.assets).bucket
        return {"ASSETS_BUCKET": bucket.bucket_name, "ASSETS_PATH": service.assets_path}

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
        probe = self._component.gate.probe(service.key)
        return WebService(
            self,
            id_,
            context=self.context,
            task=task,
            name=service.name,
            port=_needed(service.port),
            listeners=self._platform.listeners,
            priority=_needed(service.listener_priority),
            path_patterns=_needed(service.path_patterns),
            liveness_path=_needed(service.liveness_path),
            gate=self._release.gate.function,
            limits=UserLimits(probe.max_error_rate, probe.percentile, probe.max_ms),
            minimum=minimum,
            maximum=maximum,
            shift_bake=minutes(_needed(service.shift_bake_minutes)),
            stop_timeout=seconds(service.stop_timeout_seconds),
            canary_percent=service.canary_percent,
            canary_bake=minutes(service.canary_minutes) if service.canary_minutes else None,
            alias=service.name,
        )

    def _let_the_gate_in(self) -> None:
        """It asks every task at its private address: docs/decisions/0002-gate-asks-tasks.md"""
        for key, service in self.services.items():
            if port := self._component.services[key].port:
                gate = self._release.gate.security_group
                service.security_group.connections.allow_from(gate, tcp(port), "The health gate")


def _drain_told(service: Service) -> Mapping[str, str]:
    """How long a worker may go on after it was told to stop (F22)."""
    return {"DRAIN_SECONDS": str(service.drain_seconds)} if service.drain_seconds else {}


def _needed(value: T | None) -> T:
    """What the settings have made sure of."""
    if value is None:
        raise ValueError("a service without what it needs passed the settings")
    return value


def _id(key: str) -> str:
    return "".join(word.capitalize() for word in key.split("-"))
