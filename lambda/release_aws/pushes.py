"""What the pipeline brought to its end, in the ledger's table: `pk` = pipeline, `sk` = one of its executions.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html
"""

from dataclasses import asdict
from typing import Any

from botocore.exceptions import ClientError

from release_aws.clients import AwsClient, error_code
from release_aws.items import from_item, to_item
from release_engine.push import Push


class ToldOtherwiseError(Exception):
    """The ledger has this push with other words, and keeps those."""


class Pushes:
    """Writes them, each once."""

    def __init__(self, client: AwsClient, table: str) -> None:
        self._client = client
        self._table = table

    def keep(self, push: Push, *, at: str) -> str:
        """When it was recorded: `at`, or when it was told the first time; ToldOtherwiseError if it was another then."""
        key = to_item({"pk": "pipeline", "sk": f"push#{push.execution}"})
        values = to_item(asdict(push))
        try:
            self._client.put_item(
                TableName=self._table,
                Item={**key, **values, **to_item({"recorded_at": at})},
                ConditionExpression="attribute_not_exists(pk)",
            )
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            return self._recorded_at(key, from_item(values))
        return at

    def _recorded_at(self, key: dict[str, Any], values: dict[str, Any]) -> str:
        item = from_item(self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)["Item"])
        kept = {name: item.get(name) for name in values}
        if kept != values:
            raise ToldOtherwiseError(
                f"{item['sk']} was recorded at {item['recorded_at']} as {kept}, now it is {values}"
            )
        return str(item["recorded_at"])
