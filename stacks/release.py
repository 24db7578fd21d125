"""What releases: the gate, the functions, one machine per component, and the rules of the watch."""

from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from exchange_constructs.health_gate import HealthGate
from exchange_constructs.log_retention import retention_of
from exchange_constructs.release_functions import ReleaseFunctions
from exchange_constructs.release_machine import ReleaseMachine
from exchange_constructs.release_reach import Reach
from exchange_constructs.rollback_rules import RollbackRules
from stacks.data import DataStack
from stacks.network import NetworkStack
from stacks.platform import PlatformStack
from stacks.registry import RegistryStack
from stacks.settings import Component, Service, Settings

_WATCH = Duration.hours(2)  # how long after a release an alarm or a failed deployment still undoes it


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
        reach = self._reach(settings, platform, registry)
        environment = {"COMPONENTS": self._facts(settings, reach), "LEDGER_TABLE": data.ledger.table_name}
        self.alerts = sns.Topic(self, "Alerts", master_key=data.key, enforce_ssl=True)
        self.gate = HealthGate(
            self, "HealthGate", vpc=network.vpc, environment=environment, retention=retention, key=data.key
        )
        self.functions = ReleaseFunctions(
            self,
            "Functions",
            gate=self.gate,
            reach=reach,
            ledger=data.ledger,
            environment=environment,
            watch=_WATCH,
            retention=retention,
            key=data.key,
            topic=self.alerts,
        )
        log_group = logs.LogGroup(self, "MachineLogs", retention=retention, encryption_key=data.key)
        self.machines = {one.name: self._machine(one, settings, log_group) for one in settings.components.values()}
        RollbackRules(
            self,
            "Watch",
            function=self.functions.auto_rollback,
            service_arns=reach.service_arns,
            alarm_prefixes=[_alarm_prefix(settings, name) for name in settings.components],
        )
        CfnOutput(self, "LedgerTableName", value=data.ledger.table_name)

    def _machine(self, component: Component, settings: Settings, log_group: logs.ILogGroup) -> sfn.StateMachine:
        machine = ReleaseMachine(
            self,
            f"{component.name.capitalize()}Release",
            name=_machine_name(settings, component.name),
            functions=self.functions,
            interval_seconds=component.gate.interval_seconds,
            topic=self.alerts,
            log_group=log_group,
        ).machine
        CfnOutput(self, f"{component.name.capitalize()}MachineArn", value=machine.state_machine_arn)
        return machine

    def _reach(self, settings: Settings, platform: PlatformStack, registry: RegistryStack) -> Reach:
        names = list(settings.components)
        return Reach(
            scope=self,
            stacks=[settings.stack_name(name) for name in names],
            cluster=platform.cluster.cluster_name,
            services=[one.name for component in settings.components.values() for one in component.services.values()],
            machines=[_machine_name(settings, name) for name in names],
            repositories=registry.repositories,
        )

    def _facts(self, settings: Settings, reach: Reach) -> str:
        """What the functions are told of each component; `release_engine.model.parse_components` reads it."""
        return self.to_json_string(
            {
                name: {
                    "stack": settings.stack_name(name),
                    "cluster": reach.cluster,
                    "repository": reach.repositories[name].repository_name,
                    "machine_arn": reach.machine_arn(_machine_name(settings, name)),
                    "alarm_prefix": _alarm_prefix(settings, name),
                    "gate": _limits(component),
                    "services": {service.key: _service(service) for service in component.services.values()},
                }
                for name, component in settings.components.items()
            }
        )


def _limits(component: Component) -> dict[str, float]:
    gate = component.gate
    return {
        "interval_seconds": gate.interval_seconds,
        "rounds": gate.rounds,
        "samples_per_round": gate.samples_per_round,
        "min_samples": gate.min_samples,
        "max_error_rate": gate.max_error_rate,
        "max_p95_ms": gate.max_p95_ms,
    }


def _service(service: Service) -> dict[str, str | int | None]:
    """Left out where there is none: an environment holds 4 KB."""
    facts = {
        "name": service.name,
        "port": service.port,
        "readiness_path": service.readiness_path,
        "sample_path": service.sample_path,
    }
    return {key: value for key, value in facts.items() if value is not None}


def _machine_name(settings: Settings, component: str) -> str:
    return settings.stack_name(f"{component}-release")


def _alarm_prefix(settings: Settings, component: str) -> str:
    return f"{settings.stack_name(component)}-"
