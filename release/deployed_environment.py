"""Finds an environment as it is deployed, by the outputs of its stacks, and what may be asked of AWS about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from botocore.exceptions import ClientError

from release_aws.clients import AwsClient
from release_aws.cloudformation import Stacks
from release_aws.ecr import Images
from release_aws.executions import Executions
from release_aws.ledger import Ledger
from release_aws.stepfunctions import Machines
from settings.loading import Settings

ClientOf = Callable[[str], AwsClient]
_LEDGER = "LedgerTableName"


class NotDeployedError(LookupError):
    """Says that the environment has not been deployed, or not far enough, and how to deploy it."""


@dataclass(frozen=True)
class DeployedEnvironment:
    """Holds one environment: the release machine of each component, and what its releases are looked up with."""

    settings: Settings
    machine_arns: Mapping[str, str]
    machines: Machines
    executions: Executions
    ledger: Ledger
    stacks: Stacks
    images: Images


def open_environment(settings: Settings, client_of: ClientOf) -> DeployedEnvironment:
    """Find the machines at once, so that an environment that is not deployed is noticed before anything begins."""
    outputs = _release_outputs(client_of("cloudformation"), settings)
    machine_arns = _machine_arns(outputs, settings)
    missing = [name for name, arn in machine_arns.items() if not arn]
    table = outputs.get(_LEDGER, "")
    if missing or not table:
        what = f"release machine of {', '.join(missing)}" if missing else "ledger"
        raise NotDeployedError(f"stack {settings.stack_name('release')} has no {what} yet; {_deploy_all(settings)}")
    return DeployedEnvironment(
        settings=settings,
        machine_arns=machine_arns,
        machines=Machines(client_of("stepfunctions")),
        executions=Executions(client_of("stepfunctions")),
        ledger=Ledger(client_of("dynamodb"), table),
        stacks=Stacks(client_of("cloudformation")),
        images=Images(client_of("ecr")),
    )


def find_ledger(cloudformation: AwsClient, settings: Settings) -> str | None:
    """Return the ledger's table; None before the first deployment, when nothing can be released yet."""
    try:
        return _release_outputs(cloudformation, settings).get(_LEDGER) or None
    except NotDeployedError:
        return None


def machine_arns_of(cloudformation: AwsClient, settings: Settings) -> dict[str, str]:
    """Map each component, in the order of the chain, to its machine; "" for one that is not deployed yet."""
    return _machine_arns(_release_outputs(cloudformation, settings), settings)


def stack_outputs(cloudformation: AwsClient, settings: Settings, stack: str, remedy: str) -> dict[str, str]:
    """Return the outputs of a stack; NotDeployedError names the stack that is not there, and the remedy."""
    try:
        described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        raise NotDeployedError(f"stack {stack} is not deployed in {settings.region}; {remedy}") from error
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}


def _release_outputs(cloudformation: AwsClient, settings: Settings) -> dict[str, str]:
    return stack_outputs(cloudformation, settings, settings.stack_name("release"), _deploy_all(settings))


def _machine_arns(outputs: Mapping[str, str], settings: Settings) -> dict[str, str]:
    return {name: outputs.get(f"{name.capitalize()}MachineArn", "") for name in settings.chain}


def _deploy_all(settings: Settings) -> str:
    return f"deploy it: cdk deploy --all -c environment={settings.environment}"
