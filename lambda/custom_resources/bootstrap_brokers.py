"""Answers a custom resource: the brokers of an MSK cluster, which its CloudFormation type does not tell.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
"""

import json
import logging
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from release_aws.clients import AwsClient, client


def bootstrap_brokers(client: AwsClient, cluster: str) -> str:
    """Return the brokers' TLS addresses, in an order that stays the same; LookupError when there are none.

    https://docs.aws.amazon.com/msk/1.0/apireference/clusters-clusterarn-bootstrap-brokers.html
    """
    brokers = client.get_bootstrap_brokers(ClusterArn=cluster).get("BootstrapBrokerStringTls")
    if not brokers:
        raise LookupError(f"{cluster} has no brokers that speak TLS")
    return ",".join(sorted(str(brokers).split(",")))


Event = Mapping[str, Any]
_PATIENCE = 30
_log = logging.getLogger(__name__)


def handler(event: Event, _context: object) -> None:
    """Answer CloudFormation at the address that it gives, which waits also when there is an error."""
    _send(event["ResponseURL"], answer(event, lambda cluster: bootstrap_brokers(client("kafka"), cluster)))


def answer(event: Event, ask: Callable[[str], str]) -> dict[str, Any]:
    """Return the answer; nothing is created or deleted, so the cluster's ARN is the identity."""
    cluster = event.get("ResourceProperties", {}).get("ClusterArn", "(no ClusterArn was given)")
    response = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    response |= {"PhysicalResourceId": f"{cluster}/brokers", "Status": "SUCCESS"}
    if event["RequestType"] == "Delete":
        return response
    try:
        return response | {"Data": {"Brokers": ask(cluster)}}
    except Exception as problem:  # noqa: BLE001 - the handler's outer edge: without an answer the stack hangs for hours
        _log.exception("the brokers of %s could not be asked for", cluster)
        return response | {"Status": "FAILED", "Reason": f"the brokers of {cluster}: {problem}"}


def _send(address: str, body: Mapping[str, Any]) -> None:
    """Put the body to CloudFormation's presigned address, for which no content type may be given."""
    data = json.dumps(body).encode()
    request = urllib.request.Request(address, data=data, method="PUT", headers={"content-type": ""})  # noqa: S310
    with urllib.request.urlopen(request, timeout=_PATIENCE):  # noqa: S310 - from the event, which CloudFormation made
        _log.info("answered %s", body["Status"])
