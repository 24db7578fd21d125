"""The kinds of service: behind the load balancer, a worker, and what there must never be two of.

A web service is proved on the test listener, then shown to users, at once or to a few first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from exchange_constructs.nag import acknowledge
from exchange_constructs.service.container_task import CONTAINER, ContainerTask
from exchange_constructs.service.service_alarms import TargetMetrics, UserLimits, service_alarms, web_alarms
from exchange_constructs.service.service_parts import (
    ServiceContext,
    fargate_service,
    rolling_service,
    scale,
    service_group,
    set_deployment,
)
from exchange_constructs.values import principal, seconds
from release_engine.times import HOOK_MINUTES


class WorkerService(Construct):
    """Replaced task by task: a new one is up before an old one is stopped, which gets `stop_timeout` to finish."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        context: ServiceContext,
        task: ContainerTask,
        name: str,
        minimum: int,
        maximum: int,
    ) -> None:
        super().__init__(scope, id_)
        self.security_group = service_group(self, context)
        self.service = rolling_service(
            self,
            context,
            task.definition,
            self.security_group,
            name=name,
            min_healthy_percent=100,
            max_healthy_percent=200,
        )
        scale(self.service, context, minimum=minimum, maximum=maximum)
        self.alarms = service_alarms(self, context, name=name)


class SingletonService(Construct):
    """Never two at once (F23): the old task has ended before the new one is started."""

    def __init__(self, scope: Construct, id_: str, *, context: ServiceContext, task: ContainerTask, name: str) -> None:
        super().__init__(scope, id_)
        self.security_group = service_group(self, context)
        self.service = rolling_service(
            self,
            context,
            task.definition,
            self.security_group,
            name=name,
            min_healthy_percent=0,
            max_healthy_percent=100,
            # spreading tasks anew over the zones would start a second one first
            availability_zone_rebalancing=ecs.AvailabilityZoneRebalancing.DISABLED,
        )
        self.alarms = service_alarms(self, context, name=name)


@dataclass(frozen=True)
class Listeners:
    """Where a web service's users and its testers come in; `load_balancer` is its full name, as CloudWatch has it."""

    production: elbv2.IApplicationListener
    test: elbv2.IApplicationListener
    load_balancer: str


class WebService(Construct):
    """Two fleets in turn, blue and green. `gate` is asked when test traffic has reached the new one, before users do.

    `shift_bake` is how long the former fleet is kept after the shift: so long, rolling back is a flip of traffic.
    With `canary_percent`, that share of users meets the new version for `canary_bake` first. ECS changes the weights
    of the listener's rules; nobody else may (F15).
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        context: ServiceContext,
        task: ContainerTask,
        name: str,
        port: int,
        listeners: Listeners,
        priority: int,
        path_patterns: Sequence[str],
        liveness_path: str,
        gate: lambda_.IFunction,
        limits: UserLimits,
        minimum: int,
        maximum: int,
        shift_bake: Duration,
        stop_timeout: Duration,
        canary_percent: int | None = None,
        canary_bake: Duration | None = None,
        alias: str | None = None,
    ) -> None:
        super().__init__(scope, id_)
        self.security_group = service_group(self, context)
        self.groups = [
            self._target_group(color, context, port, liveness_path, stop_timeout) for color in ("Blue", "Green")
        ]
        rules = self._rules(listeners, priority, path_patterns)
        seen = [TargetMetrics(listeners.load_balancer, group.target_group_full_name) for group in self.groups]
        self.alarms = web_alarms(self, context, name=name, targets=seen, limits=limits)
        self.service = fargate_service(
            self,
            context,
            task.definition,
            self.security_group,
            name=name,
            min_healthy_percent=100,
            max_healthy_percent=200,
            bake_time=shift_bake,
            health_check_grace_period=seconds(60),
            offered=_offered(port, alias),
            deployment_alarms=ecs.DeploymentAlarmConfig(
                alarm_names=[alarm.alarm_name for alarm in self.alarms], behavior=ecs.AlarmBehavior.ROLLBACK_ON_ALARM
            ),
            **_strategy(canary_percent, canary_bake),
        )
        self._attach(rules, port)
        self._ask(gate, canary=canary_percent is not None)
        scale(self.service, context, minimum=minimum, maximum=maximum)

    def _target_group(
        self, color: str, context: ServiceContext, port: int, liveness_path: str, stop_timeout: Duration
    ) -> elbv2.ApplicationTargetGroup:
        return elbv2.ApplicationTargetGroup(
            self,
            color,
            vpc=context.vpc,
            port=port,
            protocol=elbv2.ApplicationProtocol.HTTP,
            target_type=elbv2.TargetType.IP,
            # what is under way ends before the task is told to stop
            deregistration_delay=stop_timeout,
            health_check=elbv2.HealthCheck(
                path=liveness_path,
                healthy_http_codes="200",
                interval=seconds(10),
                timeout=seconds(5),
                healthy_threshold_count=2,
                unhealthy_threshold_count=3,
            ),
        )

    def _rules(
        self, listeners: Listeners, priority: int, path_patterns: Sequence[str]
    ) -> list[elbv2.ApplicationListenerRule]:
        """The same paths on both listeners; all users to blue at first, all testers too."""
        blue, green = self.groups
        forward = elbv2.ListenerAction.weighted_forward(
            [
                elbv2.WeightedTargetGroup(target_group=blue, weight=100),
                elbv2.WeightedTargetGroup(target_group=green, weight=0),
            ]
        )
        return [
            elbv2.ApplicationListenerRule(
                self,
                id_,
                listener=listener,
                priority=priority,
                conditions=[elbv2.ListenerCondition.path_patterns(list(path_patterns))],
                action=forward,
            )
            for id_, listener in (("Production", listeners.production), ("Test", listeners.test))
        ]

    def _attach(self, rules: Sequence[elbv2.ApplicationListenerRule], port: int) -> None:
        blue, green = self.groups
        production, test = (ecs.ListenerRuleConfiguration.application_listener_rule(rule) for rule in rules)
        target = self.service.load_balancer_target(
            container_name=CONTAINER,
            container_port=port,
            alternate_target=ecs.AlternateTarget(
                "Alternate", alternate_target_group=green, production_listener=production, test_listener=test
            ),
        )
        target.attach_to_application_target_group(blue)
        elsewhere = "the circuit breaker is for rolling deployments only; here the gate and the alarms judge"
        acknowledge(self.service, {"Annotation::@aws-cdk/aws-ecs:shouldUseCircuitBreaker": elsewhere})
        managed = "the managed policy that ECS documents for moving traffic; it changes with what ECS needs"
        acknowledge(
            self.service,
            {
                "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/"
                "AmazonECSInfrastructureRolePolicyForLoadBalancers]": managed
            },
        )

    def _ask(self, gate: lambda_.IFunction, *, canary: bool) -> None:
        """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html"""
        role = iam.Role(self, "GateRole", assumed_by=principal("ecs.amazonaws.com"))
        role.add_to_policy(iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[gate.function_arn]))
        stages = [ecs.DeploymentLifecycleStage.POST_TEST_TRAFFIC_SHIFT]
        self.service.add_lifecycle_hook(
            ecs.DeploymentLifecycleLambdaTarget(gate, "Gate", lifecycle_stages=stages, role=role)
        )
        limit = {"TimeoutInMinutes": HOOK_MINUTES, "Action": "ROLLBACK"}
        set_deployment(self.service, {"LifecycleHooks.0.TimeoutConfiguration": limit})
        if canary:  # asked again before all users follow the first ones; CDK's enumeration lacks this stage
            set_deployment(self.service, {"LifecycleHooks.0.LifecycleStages.1": "PRE_PRODUCTION_TRAFFIC_SHIFT"})


def _strategy(canary_percent: int | None, canary_bake: Duration | None) -> Mapping[str, Any]:
    if canary_percent is None:
        return {"deployment_strategy": ecs.DeploymentStrategy.BLUE_GREEN}
    return {
        "deployment_strategy": ecs.DeploymentStrategy.CANARY,
        "canary_configuration": ecs.TrafficShiftConfig(step_percent=canary_percent, step_bake_time=canary_bake),
    }


def _offered(port: int, alias: str | None) -> list[ecs.ServiceConnectService]:
    """What other services may call it."""
    if alias is None:
        return []
    return [ecs.ServiceConnectService(port_mapping_name=ContainerTask.port_name, dns_name=alias, port=port)]
