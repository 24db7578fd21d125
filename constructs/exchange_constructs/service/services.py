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
    """A service that is replaced task by task: an old task is stopped when a new one runs, and gets time to finish."""

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
    """A service of which two tasks never run at once (F23): the old one has ended before the new one is started."""

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


@dataclass(frozen=True)
class Route:
    """How requests come to a web service: which of them, at which port, and to which of its tasks.

    Of two rules that fit a request, the one with the lower `priority` applies. A task gets requests while
    `liveness_path` answers with 200; one that is to stop gets no more, and `drain` to answer those that it has.
    """

    listeners: Listeners
    priority: int
    path_patterns: Sequence[str]
    port: int
    liveness_path: str
    drain: Duration


@dataclass(frozen=True)
class CanaryShare:
    """The share of users who meet a new version before the others do, and for how long."""

    percent: int
    bake: Duration


@dataclass(frozen=True)
class TrafficShift:
    """How users come to a new version: all at once, or a `canary` first.

    `gate` is asked when test traffic has reached the new tasks, and again before all users follow a canary. The former
    tasks are kept for `bake` after the shift: so long, rolling back is a flip of traffic.
    """

    gate: lambda_.IFunction
    bake: Duration
    canary: CanaryShare | None = None


class WebService(Construct):
    """A service of two fleets in turn, blue and green; other services call it by its `name` in Service Connect.

    ECS changes the weights of the listeners' rules; nobody else may (F15).
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        context: ServiceContext,
        task: ContainerTask,
        name: str,
        route: Route,
        shift: TrafficShift,
        limits: UserLimits,
        minimum: int,
        maximum: int,
    ) -> None:
        super().__init__(scope, id_)
        self.security_group = service_group(self, context)
        self.groups = [self._target_group(color, context, route) for color in ("Blue", "Green")]
        rules = self._rules(route)
        load_balancer = route.listeners.load_balancer
        targets = [TargetMetrics(load_balancer, group.target_group_full_name) for group in self.groups]
        self.alarms = web_alarms(self, context, name=name, targets=targets, limits=limits)
        self.service = fargate_service(
            self,
            context,
            task.definition,
            self.security_group,
            name=name,
            min_healthy_percent=100,
            max_healthy_percent=200,
            bake_time=shift.bake,
            health_check_grace_period=seconds(60),
            offered=[
                ecs.ServiceConnectService(port_mapping_name=ContainerTask.port_name, dns_name=name, port=route.port)
            ],
            deployment_alarms=ecs.DeploymentAlarmConfig(
                alarm_names=[alarm.alarm_name for alarm in self.alarms], behavior=ecs.AlarmBehavior.ROLLBACK_ON_ALARM
            ),
            **_strategy(shift.canary),
        )
        self._attach(rules, route.port)
        self._add_gate(shift)
        scale(self.service, context, minimum=minimum, maximum=maximum)

    def _target_group(self, color: str, context: ServiceContext, route: Route) -> elbv2.ApplicationTargetGroup:
        return elbv2.ApplicationTargetGroup(
            self,
            color,
            vpc=context.vpc,
            port=route.port,
            protocol=elbv2.ApplicationProtocol.HTTP,
            target_type=elbv2.TargetType.IP,
            deregistration_delay=route.drain,
            health_check=elbv2.HealthCheck(
                path=route.liveness_path,
                healthy_http_codes="200",
                interval=seconds(10),
                timeout=seconds(5),
                healthy_threshold_count=2,
                unhealthy_threshold_count=3,
            ),
        )

    def _rules(self, route: Route) -> list[elbv2.ApplicationListenerRule]:
        """Make a rule for the same paths on both listeners; at first, all users and all testers go to blue."""
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
                priority=route.priority,
                conditions=[elbv2.ListenerCondition.path_patterns(list(route.path_patterns))],
                action=forward,
            )
            for id_, listener in (("Production", route.listeners.production), ("Test", route.listeners.test))
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
        policy = "arn:<AWS::Partition>:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers"
        breaker = "the circuit breaker is for rolling deployments only; here the gate and the alarms judge"
        managed = "the managed policy that ECS documents for moving traffic; it changes with what ECS needs"
        acknowledge(
            self.service,
            {
                "Annotation::@aws-cdk/aws-ecs:shouldUseCircuitBreaker": breaker,
                f"AwsSolutions-IAM4[Policy::{policy}]": managed,
            },
        )

    def _add_gate(self, shift: TrafficShift) -> None:
        """Have ECS ask the gate, which answers in time or has the deployment rolled back.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html
        """
        role = iam.Role(self, "GateRole", assumed_by=principal("ecs.amazonaws.com"))
        role.add_to_policy(iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[shift.gate.function_arn]))
        stages = [ecs.DeploymentLifecycleStage.POST_TEST_TRAFFIC_SHIFT]
        self.service.add_lifecycle_hook(
            ecs.DeploymentLifecycleLambdaTarget(shift.gate, "Gate", lifecycle_stages=stages, role=role)
        )
        limit = {"TimeoutInMinutes": HOOK_MINUTES, "Action": "ROLLBACK"}
        set_deployment(self.service, {"LifecycleHooks.0.TimeoutConfiguration": limit})
        if shift.canary:  # asked again before all users follow the first ones; CDK's enumeration lacks this stage
            set_deployment(self.service, {"LifecycleHooks.0.LifecycleStages.1": "PRE_PRODUCTION_TRAFFIC_SHIFT"})


def _strategy(canary: CanaryShare | None) -> Mapping[str, Any]:
    if canary is None:
        return {"deployment_strategy": ecs.DeploymentStrategy.BLUE_GREEN}
    return {
        "deployment_strategy": ecs.DeploymentStrategy.CANARY,
        "canary_configuration": ecs.TrafficShiftConfig(step_percent=canary.percent, step_bake_time=canary.bake),
    }
