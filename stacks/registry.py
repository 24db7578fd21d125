"""The stack of the image repositories, which outlive everything else."""

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from exchange_constructs.service.images import ImageRepository
from exchange_constructs.values import arn_scope
from settings.environment import EcsKafka
from settings.loading import Settings, build_role


class RegistryStack(Stack):
    """A repository for each component, adopted by name where the account has it, and one for the broker's image.

    Builds read where to push from the parameters `/<project>/<environment>/repositories/<component>`.
    """

    def __init__(self, scope: Construct, id_: str, *, settings: Settings, **kwargs: Any) -> None:
        super().__init__(scope, id_, **kwargs)
        self._settings = settings
        self._prefix = f"/{settings.project}/{settings.environment}/repositories"
        self.repositories: dict[str, ecr.IRepository] = {
            name: self._repository(name, settings.repository_name(name), adopted=name in settings.adopt.repositories)
            for name in settings.components
        }
        kafka = settings.kafka
        self.kafka = self._repository("kafka", kafka.image, adopted=False) if isinstance(kafka, EcsKafka) else None

    def _repository(self, component: str, name: str, *, adopted: bool) -> ecr.IRepository:
        """Return the repository by its name: other stacks cannot take an ARN of this one apart into a URI."""
        id_ = component.capitalize()
        if not adopted:
            ImageRepository(self, id_, name=name, pushed_by=self._pushed_by(component))
        repository = ecr.Repository.from_repository_name(self, f"{id_}ByName", name)
        ssm.StringParameter(
            self,
            f"{id_}Uri",
            parameter_name=f"{self._prefix}/{component}",
            string_value=repository.repository_uri,
            description=f"Where the images of {component} are pushed to",
        )
        return repository

    def _pushed_by(self, component: str) -> iam.IPrincipal | None:
        """Return the build of the pipeline that releases here, if the pipeline is in another account."""
        settings, owner = self._settings, self._settings.owner
        if owner is None or owner.account in (None, settings.account) or component not in settings.components:
            return None
        arn = f"arn:{arn_scope(self).partition}:iam::{owner.account}:role/{build_role(settings, component)}"
        return iam.AccountPrincipal(owner.account).with_conditions({"ArnEquals": {"aws:PrincipalArn": arn}})
