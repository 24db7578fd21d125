"""Logs. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html"""

from release_aws.clients import AwsClient


class Logs:
    """What containers wrote."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def last_lines(self, group: str, stream: str, count: int) -> list[str]:
        """In the order in which they were written."""
        found = self._client.get_log_events(logGroupName=group, logStreamName=stream, limit=count, startFromHead=False)
        return [event["message"].rstrip() for event in found["events"]]
