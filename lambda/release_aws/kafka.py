"""Amazon MSK: where its clients begin."""

from release_aws.clients import AwsClient


def bootstrap_brokers(client: AwsClient, cluster: str) -> str:
    """The brokers' TLS addresses, in an order that stays the same.

    https://docs.aws.amazon.com/msk/1.0/apireference/clusters-clusterarn-bootstrap-brokers.html
    """
    found = client.get_bootstrap_brokers(ClusterArn=cluster).get("BootstrapBrokerStringTls")
    if not found:
        raise LookupError(f"{cluster} has no brokers that speak TLS")
    return ",".join(sorted(str(found).split(",")))
