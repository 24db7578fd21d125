"""Services that nobody reaches through the load balancer: workers, and what there must never be two of."""

from aws_cdk import aws_ecs as ecs
from constructs import Construct

from exchange_constructs.service.container_task import ContainerTask
from exchange_constructs.service.service_alarms import service_alarms
from exchange_constructs.service.service_context import ServiceContext
from exchange_constructs.service.service_parts import rolling_service, scale, service_group


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
