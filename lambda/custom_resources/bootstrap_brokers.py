"""A custom resource: where the clients of an MSK cluster begin, which its CloudFormation type does not tell.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
"""

import json
import logging
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from release_aws.clients import AwsClient, client


def bootstrap_brokers(client: AwsClient, cluster: str) -> str:
    """The brokers' TLS addresses, in an order that stays the same.

    https://docs.aws.amazon.com/msk/1.0/apireference/clusters-clusterarn-bootstrap-brokers.html
    """
    found = client.get_bootstrap_brokers(ClusterArn=cluster).get("BootstrapBrokerStringTls")
    if not found:
        raise LookupError(f"{cluster} has no brokers that speak TLS")
    return ",".join(sorted(str(found).split(",")))


Event = Mapping[str, Any]
_PATIENCE = 30
_log = logging.getLogger(__name__)


def handler(event: Event, _context: object) -> None:
    """CloudFormation waits for an answer at the address that it gives, also when there is an error."""
    _send(event["ResponseURL"], answer(event, lambda cluster: bootstrap_brokers(client("kafka"), cluster)))


def answer(event: Event, ask: Callable[[str], str]) -> dict[str, Any]:
    """There is nothing to create or to delete; the cluster's ARN is the identity."""
    cluster = event.get("ResourceProperties", {}).get("ClusterArn", "(no ClusterArn was given)")
    told = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    told |= {"PhysicalResourceId": f"{cluster}/brokers", "Status": "SUCCESS"}
    if event["RequestType"] == "Delete":
        return told
    try:
        return told | {"Data": {"Brokers": ask(cluster)}}
    except Exception as problem:  # noqa: BLE001 - the handler's outer edge: without an answer the stack hangs for hours
        _log.exception("the brokers of %s could not be asked for", cluster)
        return told | {"Status": "FAILED", "Reason": f"the brokers of {cluster}: {problem}"}


def _send(address: str, body: Mapping[str, Any]) -> None:
    """`address` is CloudFormation's own, presigned: no content type may be given."""
    data = json.dumps(body).encode()
    request = urllib.request.Request(address, data=data, method="PUT", headers={"content-type": ""})  # noqa: S310
    with urllib.request.urlopen(request, timeout=_PATIENCE):  # noqa: S310 - from the event, which CloudFormation made
        _log.info("answered %s", body["Status"])
