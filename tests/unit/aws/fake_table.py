"""The ledger's table."""
# ruff: noqa: N803 - the arguments have the names that boto gives them

from collections.abc import Mapping
from typing import Any

from release_aws.items import from_attribute
from tests.unit.aws.answers import Paginated, error


class Dynamo(Paginated):
    """The ledger's table; it knows exactly the conditions that the ledger states."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], dict[str, Any]] = {}

    def get_item(self, TableName: str, Key: Mapping[str, Any], ConsistentRead: bool) -> dict[str, Any]:
        item = self.items.get(_key(Key))
        return {"Item": item} if item else {}

    def put_item(self, TableName: str, Item: dict[str, Any], ConditionExpression: str = "") -> None:
        self._demand(not ConditionExpression or _key(Item) not in self.items)
        self.items[_key(Item)] = Item

    def delete_item(self, TableName: str, Key: Mapping[str, Any]) -> None:
        self.items.pop(_key(Key), None)

    def query(self, **request: Any) -> dict[str, Any]:
        values = {name: from_attribute(value) for name, value in request["ExpressionAttributeValues"].items()}
        return {
            "Items": [
                item
                for (pk, sk), item in sorted(self.items.items(), reverse=not request["ScanIndexForward"])
                if pk == values[":pk"] and sk.startswith(values[":prefix"])
            ]
        }

    def update_item(self, **request: Any) -> dict[str, Any]:
        item = self.items.get(_key(request["Key"]), {})
        values = request["ExpressionAttributeValues"]
        if ":running" in values:
            self._demand(item.get("outcome") == values[":running"])
            item.update(outcome=values[":failed"], reason=values[":reason"], finished_at=values[":now"])
            return {}
        if request["UpdateExpression"].startswith("REMOVE"):
            self._demand(item.get("holder") == values[":holder"])
            item.pop("holder")
            item.pop("since")
            return {}
        if request["UpdateExpression"] == "SET #lease = :lease":
            self._demand(item.get("holder") == values[":holder"])
            item.update(lease_until=values[":lease"])
            return {}
        item = self.items.setdefault(_key(request["Key"]), dict(request["Key"]))
        lapsed = int(item.get("lease_until", {"N": "0"})["N"]) <= int(values[":now"]["N"])
        dead = (item.get("holder"), item.get("token")) == (values[":dead"], values[":dead_token"])
        self._demand("holder" not in item or lapsed or dead)
        token = int(item.get("token", values[":zero"])["N"]) + 1
        item.update(holder=values[":holder"], since=values[":since"], lease_until=values[":lease"])
        item["token"] = {"N": str(token)}
        return {"Attributes": {key: value for key, value in item.items() if key not in ("pk", "sk")}}

    def transact_write_items(self, TransactItems: list[dict[str, Any]]) -> None:
        check = TransactItems[0]["ConditionCheck"]
        item, values = self.items.get(_key(check["Key"]), {}), check["ExpressionAttributeValues"]
        if (item.get("holder"), item.get("token")) != (values[":holder"], values[":token"]):
            raise error("TransactionCanceledException", "reasons [ConditionalCheckFailed, None]")
        for write in TransactItems[1:]:
            if gone := write.get("Delete"):
                item = self.items.get(_key(gone["Key"]), {"outcome": gone["ExpressionAttributeValues"][":running"]})
                if item["outcome"] != gone["ExpressionAttributeValues"][":running"]:
                    raise error("TransactionCanceledException", "reasons [None, ConditionalCheckFailed]")
                self.delete_item("", gone["Key"])
                continue
            self.put_item("", write["Put"]["Item"])

    @staticmethod
    def _demand(holds: bool) -> None:
        if not holds:
            raise error("ConditionalCheckFailedException")


def _key(item: Mapping[str, Any]) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]
