"""Where the releases of an environment happen: found by the outputs of its Release stack."""

from collections.abc import Mapping
from dataclasses import dataclass

from botocore.exceptions import ClientError

from release_aws.clients import AwsClient
from settings.loading import Settings


class NotDeployedError(LookupError):
    """The environment has not been deployed, or not far enough."""


@dataclass(frozen=True)
class Whereabouts:
    """The release machine of each component, and the ledger's table."""

    machines: Mapping[str, str]
    ledger: str


def find_machines(cloudformation: AwsClient, settings: Settings) -> Whereabouts:
    """NotDeployedError says which stack is missing and how to deploy it."""
    outputs = _outputs(cloudformation, settings)
    machines = _machines(outputs, settings)
    missing = [name for name, arn in machines.items() if not arn]
    ledger = outputs.get("LedgerTableName", "")
    if missing or not ledger:
        what = f"release machine of {', '.join(missing)}" if missing else "ledger"
        raise NotDeployedError(f"stack {_stack(settings)} has no {what} yet; {_remedy(settings)}")
    return Whereabouts(machines, ledger)


def find_ledger(cloudformation: AwsClient, settings: Settings) -> str | None:
    """The ledger's table; None before the first deployment, when nothing can be released yet."""
    try:
        return _outputs(cloudformation, settings).get("LedgerTableName") or None
    except NotDeployedError:
        return None


def machines_of(cloudformation: AwsClient, settings: Settings) -> dict[str, str]:
    """By component, in the order of the chain; empty for one that is not deployed yet."""
    return _machines(_outputs(cloudformation, settings), settings)


def _machines(outputs: Mapping[str, str], settings: Settings) -> dict[str, str]:
    return {name: outputs.get(f"{name.capitalize()}MachineArn", "") for name in settings.chain}


def _outputs(cloudformation: AwsClient, settings: Settings) -> dict[str, str]:
    try:
        found = cloudformation.describe_stacks(StackName=_stack(settings))["Stacks"][0]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        where = f"stack {_stack(settings)} is not deployed in {settings.region}"
        raise NotDeployedError(f"{where}; {_remedy(settings)}") from error
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


def _stack(settings: Settings) -> str:
    return settings.stack_name("release")


def _remedy(settings: Settings) -> str:
    return f"deploy it: cdk deploy --all -c environment={settings.environment}"
