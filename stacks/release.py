"""What releases: the gate, the functions, one machine per component, and the rules of the watch."""

import json
from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from exchange_constructs.observability.log_settings import retention_of
from exchange_constructs.release.function_code import code_with
from exchange_constructs.release.health_gate import HealthGate
from exchange_constructs.release.release_functions import ReleaseFunctions
from exchange_constructs.release.release_machine import ReleaseMachine
from exchange_constructs.release.release_permissions import ReleasePermissions
from exchange_constructs.release.release_request import ReleaseRequest
from exchange_constructs.release.rollback_rules import RollbackRules
from settings.loading import Component, Settings
from stacks.data import DataStack
from stacks.network import NetworkStack
from stacks.platform import PlatformStack
from stacks.registry import RegistryStack
from stacks.release_facts import alarm_prefix, known_components, machine_name, preflight_name, record_name, request_name


class ReleaseStack(Stack):
    """Knows the components' stacks, services and alarms by name, so it comes before them."""

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
        reach = self._permissions(settings, data, platform, registry)
        components = known_components(settings, reach)
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
            reach=reach,
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
        self.machines = {one.name: self._machine(one, settings, log_group) for one in settings.components.values()}
        RollbackRules(
            self,
            "Watch",
            function=self.functions.auto_rollback,
            service_arns=reach.service_arns,
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
        names = list(settings.components)
        return ReleasePermissions(
            scope=self,
            stacks=[settings.stack_name(name) for name in names],
            cluster=platform.cluster.cluster_name,
            services=[one.name for component in settings.components.values() for one in component.services.values()],
            machines=[machine_name(settings, name) for name in names],
            repositories=registry.repositories,
            secrets=list(data.secrets.values()),
            canaries={
                service.name: settings.stack_name(component.name)
                for component in settings.components.values()
                for service in component.canaries
            },
        )
