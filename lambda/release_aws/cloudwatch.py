"""Alarms. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html"""

from release_aws.clients import AwsClient


class Alarms:
    """The alarms that watch a component."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def states(self, prefix: str) -> dict[str, str]:
        """Name to state, of metric and composite alarms whose name begins with `prefix`."""
        pages = self._client.get_paginator("describe_alarms").paginate(
            AlarmNamePrefix=prefix, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        return {
            alarm["AlarmName"]: alarm["StateValue"]
            for page in pages
            for alarm in [*page.get("MetricAlarms", []), *page.get("CompositeAlarms", [])]
        }
