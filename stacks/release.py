"""The stack that releases: the gate, the functions, a release machine per component, and the rules of the watch."""

import json
from datetime import time
from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from exchange_constructs.observability import retention_of
from exchange_constructs.release.release_function import code_with
from exchange_constructs.release.release_functions import HealthGate, ReleaseFunctions
from exchange_constructs.release.release_machine import ReleaseMachine
from exchange_constructs.release.release_permissions import ReleasePermissions
from exchange_constructs.release.release_starts import ReleaseRequest, RollbackRules
from release_engine import model
from release_engine.model import Window
from settings.loading import Component, Service, Settings
from stacks.data import DataStack
from stacks.network import NetworkStack
from stacks.platform import PlatformStack
from stacks.registry import RegistryStack


def known_components(settings: Settings, permissions: ReleasePermissions) -> dict[str, model.Component]:
    """Return the components by name, as the functions know them; values that a deployment gives are CDK's tokens."""
    return {name: _component(settings, permissions, component) for name, component in settings.components.items()}


def machine_name(settings: Settings, component: str) -> str:
    """Return the name of the component's release machine."""
    return settings.stack_name(f"{component}-release")


def request_name(settings: Settings, component: str) -> str:
    """Return the name of the state machine by which a pipeline asks for a release of the component."""
    return settings.stack_name(f"{component}-request")


def preflight_name(settings: Settings) -> str:
    """Return the name of the function that a pipeline asks before a release."""
    return settings.stack_name("preflight")


def record_name(settings: Settings) -> str:
    """Return the name of the function that a pipeline asks to record a push in the ledger."""
    return settings.stack_name("record")


def alarm_prefix(settings: Settings, component: str) -> str:
    """Return what the names of a component's alarms begin with."""
    return f"{settings.stack_name(component)}-"


def _component(settings: Settings, permissions: ReleasePermissions, component: Component) -> model.Component:
    name = component.name
    return model.Component(
        name=name,
        stack=settings.stack_name(name),
        cluster=permissions.cluster,
        repository=permissions.repositories[name].repository_name,
        machine_arn=permissions.machine_arn(machine_name(settings, name)),
        alarm_prefix=alarm_prefix(settings, name),
        metrics=model.MetricsHome(settings.project.capitalize(), settings.environment),
        gate=component.gate,
        services=tuple(_service(service) for service in component.services.values()),
        window=_window(settings, name),
    )


def _service(service: Service) -> model.Service:
    return model.Service(
        key=service.key,
        name=service.name,
        port=service.port,
        readiness_path=service.readiness_path,
        sample_path=service.sample_path,
        canary=service.strategy == "CANARY",
    )


def _window(settings: Settings, component: str) -> Window | None:
    """Return when the component's releases may start; None where they always may."""
    window = settings.window
    if window is None or component not in window.components:
        return None
    return Window(tuple(window.days), time.fromisoformat(window.opens), time.fromisoformat(window.closes))


class ReleaseStack(Stack):
    """The parts of a release; they know components, services and alarms by name, so this stack comes before theirs."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Settings,
        network: NetworkStack,
        data: DataStack,
        platform: PlatformStack,
        registry: RegistryStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id_, **kwargs)
        retention = retention_of(settings.logs.retention_days)
        permissions = self._permissions(settings, data, platform, registry)
        components = known_components(settings, permissions)
        references = {name: component.references() for name, component in components.items()}
        environment = {"REFERENCES": json.dumps(references), "LEDGER_TABLE": data.ledger.table_name}
        code = code_with({name: component.facts() for name, component in components.items()})
        self.alerts = sns.Topic(self, "Alerts", master_key=data.key, enforce_ssl=True)
        self.gate = HealthGate(
            self, "HealthGate", vpc=network.vpc, code=code, environment=environment, retention=retention, key=data.key
        )
        self.functions = ReleaseFunctions(
            self,
            "Functions",
            gate=self.gate,
            permissions=permissions,
            ledger=data.ledger,
            code=code,
            environment=environment,
            watch=Duration.hours(settings.watch.hours),
            cool_down=Duration.minutes(settings.watch.cool_down_minutes),
            retention=retention,
            key=data.key,
            topic=self.alerts,
            preflight_name=preflight_name(settings),
            record_name=record_name(settings),
        )
        log_group = logs.LogGroup(self, "MachineLogs", retention=retention, encryption_key=data.key)
        self.machines = {
            name: self._machine(component, settings, log_group) for name, component in settings.components.items()
        }
        RollbackRules(
            self,
            "Watch",
            function=self.functions.auto_rollback,
            service_arns=permissions.service_arns,
            alarm_prefixes=[alarm_prefix(settings, name) for name in settings.components],
        )
        CfnOutput(self, "LedgerTableName", value=data.ledger.table_name)

    def _machine(self, component: Component, settings: Settings, log_group: logs.ILogGroup) -> sfn.StateMachine:
        machine = ReleaseMachine(
            self,
            f"{component.name.capitalize()}Release",
            name=machine_name(settings, component.name),
            functions=self.functions,
            interval_seconds=component.gate.interval_seconds,
            topic=self.alerts,
            log_group=log_group,
            compares=bool(component.canaries),
        ).machine
        ReleaseRequest(
            self,
            f"{component.name.capitalize()}Request",
            name=request_name(settings, component.name),
            component=component.name,
            machine=machine,
            log_group=log_group,
        )
        CfnOutput(self, f"{component.name.capitalize()}MachineArn", value=machine.state_machine_arn)
        return machine

    def _permissions(
        self, settings: Settings, data: DataStack, platform: PlatformStack, registry: RegistryStack
    ) -> ReleasePermissions:
        names, components = list(settings.components), settings.components.values()
        return ReleasePermissions(
            scope=self,
            stacks=[settings.stack_name(name) for name in names],
            cluster=platform.cluster.cluster_name,
            services=[service.name for component in components for service in component.services.values()],
            machines=[machine_name(settings, name) for name in names],
            repositories=registry.repositories,
            secrets=list(data.secrets.values()),
            canaries={
                service.name: settings.stack_name(component.name)
                for component in components
                for service in component.canaries
            },
        )
