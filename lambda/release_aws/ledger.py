"""Keeps the ledger in DynamoDB: one table, `pk` = component, `sk` = what is remembered of it.

Every write after the lock checks the lock's holder and token in the same transaction (F10, F35).
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from release_aws.clients import AwsClient, error_code
from release_aws.items import from_item, to_attribute, to_item
from release_engine.ledger import (
    Baseline,
    Current,
    Kind,
    Lock,
    LockHeldError,
    Outcome,
    OvertakenError,
    Release,
    iso,
    newest_first,
)

_TAKE = "SET #holder = :holder, #since = :since, #lease = :lease, #token = if_not_exists(#token, :zero) + :one"
_FREE = "attribute_not_exists(#holder) OR #lease <= :now OR (#holder = :dead AND #token = :dead_token)"
_ABANDONED = "its execution ended without recording an outcome"
# What a name is called in expressions: several of these are reserved words of DynamoDB.
_NAMES = {"#holder": "holder", "#token": "token", "#lease": "lease_until", "#since": "since"}


class Ledger:
    """Reads and writes one environment's ledger."""

    def __init__(self, client: AwsClient, table: str) -> None:
        self._client = client
        self._table = table

    def lock(self, component: str) -> Lock:
        """Return the lock as it stands; without a holder when nobody has it."""
        return _lock(component, self._get(component, "lock"))

    def acquire(self, component: str, release_id: str, *, now: float, lease: int, dead: Lock | None = None) -> Lock:
        """Take the lock, or find that this release holds it already; LockHeldError when another one does.

        `dead` is a lock whose release is known to be over: exactly that one may be taken over.
        """
        held = self.lock(component)
        if held.holder == release_id and held.held_at(now):
            return held
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=_key(component, "lock"),
                UpdateExpression=_TAKE,
                ConditionExpression=_FREE,
                ExpressionAttributeNames=_NAMES,
                ExpressionAttributeValues=_acquiring(release_id, now, lease, dead),
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if not _condition_failed(error):
                raise
            raise LockHeldError(self.lock(component)) from error
        return _lock(component, from_item(answer["Attributes"]))

    def renew(self, component: str, holder: str, *, until: float) -> None:
        """Let the lease end at `until`, in epoch seconds; OvertakenError when the lock is another's by now."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(component, "lock"),
                UpdateExpression="SET #lease = :lease",
                ConditionExpression="#holder = :holder",
                ExpressionAttributeNames={name: _NAMES[name] for name in ("#holder", "#lease")},
                ExpressionAttributeValues=to_item({":holder": holder, ":lease": int(until)}),
            )
        except ClientError as error:
            if not _condition_failed(error):
                raise
            raise OvertakenError(f"{holder} no longer holds the lock of {component}") from error

    def give_back(self, component: str, release_id: str) -> bool:
        """Free the lock if this release holds it, and tell whether it did."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(component, "lock"),
                UpdateExpression="REMOVE #holder, #since",
                ConditionExpression="#holder = :holder",
                ExpressionAttributeNames={name: _NAMES[name] for name in ("#holder", "#since")},
                ExpressionAttributeValues=to_item({":holder": release_id}),
            )
        except ClientError as error:
            if not _condition_failed(error):
                raise
            return False
        return True

    def record(self, release: Release) -> None:
        """Write the release, and the current digest when it was released; OvertakenError when the lock is lost."""
        values = {key: value for key, value in asdict(release).items() if value is not None}
        held = self._held(release.component, release.release_id, release.token)
        writes = [held, self._put(release.component, f"release#{release.release_id}", values)]
        if release.outcome is Outcome.RELEASED:
            current = Current(release.component, release.digest, release.release_id, release.token)
            writes.append(self._put(release.component, "current", asdict(current)))
        self._write_while_held(writes, release.component, release.release_id)

    def forget(self, component: str, release_id: str, token: int) -> None:
        """Delete a release that runs and touched nothing; OvertakenError when it has lost the lock, or has ended."""
        running = {
            "Delete": {
                "TableName": self._table,
                "Key": _key(component, f"release#{release_id}"),
                "ConditionExpression": "attribute_not_exists(pk) OR #outcome = :running",
                "ExpressionAttributeNames": {"#outcome": "outcome"},
                "ExpressionAttributeValues": to_item({":running": "running"}),
            }
        }
        self._write_while_held([self._held(component, release_id, token), running], component, release_id)

    def abandon(self, component: str, release_id: str, *, now: float) -> None:
        """Record that a release failed whose execution ended without an outcome; one with an outcome keeps it."""
        values = {":failed": "failed", ":running": "running", ":now": iso(now), ":reason": _ABANDONED}
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(component, f"release#{release_id}"),
                UpdateExpression="SET #outcome = :failed, #reason = :reason, #finished = :now",
                ConditionExpression="#outcome = :running",
                ExpressionAttributeNames={"#outcome": "outcome", "#reason": "reason", "#finished": "finished_at"},
                ExpressionAttributeValues=to_item(values),
            )
        except ClientError as error:
            if not _condition_failed(error):
                raise

    def find(self, component: str, release_id: str) -> Release | None:
        """Return the release; None when there is no such release."""
        values = self._get(component, f"release#{release_id}")
        return _release(values) if values else None

    def releases(self, component: str, limit: int = 200) -> list[Release]:
        """Return the last releases, newest first; the table sorts them by their ids, which begin with the time."""
        return newest_first(_release(values) for values in islice(self._query(component, "release#"), limit))

    def current(self, component: str) -> Current | None:
        """Return the release that last ended well; None before the first."""
        values = self._get(component, "current")
        return Current(**_fields(Current, values)) if values else None

    def keep_gate(self, component: str, id_: str, evidence: Mapping[str, Any]) -> None:
        """Keep what a gate saw under this id; a later call replaces it."""
        item = {**_key(component, f"gate#{id_}"), "evidence": to_attribute(evidence)}
        self._client.put_item(TableName=self._table, Item=item)

    def gate(self, component: str, id_: str) -> Mapping[str, Any] | None:
        """Return what a gate saw of a release or of a service deployment; None when it kept nothing."""
        values = self._get(component, f"gate#{id_}")
        return values["evidence"] if values else None

    def keep_baseline(self, baseline: Baseline) -> None:
        """Write the baseline, before its services are made, so that none of them is ever forgotten."""
        item = {**_key(baseline.component, "baseline"), **to_item(asdict(baseline))}
        self._client.put_item(TableName=self._table, Item=item)

    def baseline(self, component: str) -> Baseline | None:
        """Return the baseline that runs, or was about to; None when there is none."""
        values = self._get(component, "baseline")
        return Baseline(**_fields(Baseline, values)) if values else None

    def forget_baseline(self, component: str) -> None:
        """Delete the baseline, whose services are gone."""
        self._client.delete_item(TableName=self._table, Key=_key(component, "baseline"))

    def _get(self, component: str, sort_key: str) -> dict[str, Any]:
        answer = self._client.get_item(TableName=self._table, Key=_key(component, sort_key), ConsistentRead=True)
        return from_item(answer.get("Item") or {})

    def _query(self, component: str, prefix: str) -> Iterator[dict[str, Any]]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            ScanIndexForward=False,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues=to_item({":pk": f"component#{component}", ":prefix": prefix}),
        )
        for page in pages:
            yield from (from_item(item) for item in page["Items"])

    def _put(self, component: str, sort_key: str, values: Mapping[str, Any]) -> dict[str, Any]:
        return {"Put": {"TableName": self._table, "Item": {**_key(component, sort_key), **to_item(values)}}}

    def _write_while_held(self, writes: list[dict[str, Any]], component: str, release_id: str) -> None:
        try:
            self._client.transact_write_items(TransactItems=writes)
        except ClientError as error:
            if not _condition_failed(error):
                raise
            raise OvertakenError(f"{release_id} no longer holds the lock of {component}") from error

    def _held(self, component: str, release_id: str, token: int) -> dict[str, Any]:
        return {
            "ConditionCheck": {
                "TableName": self._table,
                "Key": _key(component, "lock"),
                "ConditionExpression": "#holder = :holder AND #token = :token",
                "ExpressionAttributeNames": {name: _NAMES[name] for name in ("#holder", "#token")},
                "ExpressionAttributeValues": to_item({":holder": release_id, ":token": token}),
            }
        }


def _condition_failed(error: ClientError) -> bool:
    """Tell whether a condition did not hold; a mere conflict of transactions is worth a retry instead.

    A cancelled transaction names its reasons in the message.
    """
    code = error_code(error)
    cancelled = code == "TransactionCanceledException" and "ConditionalCheckFailed" in str(error)
    return cancelled or code == "ConditionalCheckFailedException"


def _key(component: str, sort_key: str) -> dict[str, Any]:
    return to_item({"pk": f"component#{component}", "sk": sort_key})


def _acquiring(release_id: str, now: float, lease: int, dead: Lock | None) -> dict[str, Any]:
    values = {
        ":holder": release_id,
        ":since": iso(now),
        ":lease": int(now) + lease,
        ":now": int(now),
        ":zero": 0,
        ":one": 1,
        ":dead": (dead and dead.holder) or "nobody",
        ":dead_token": dead.token if dead else -1,
    }
    return to_item(values)


def _fields(model: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(model)}
    return {key: value for key, value in values.items() if key in names}


def _lock(component: str, values: Mapping[str, Any]) -> Lock:
    return Lock(**{**_fields(Lock, values), "component": component})


def _release(values: Mapping[str, Any]) -> Release:
    attributes = _fields(Release, values)
    return Release(**{**attributes, "kind": Kind(attributes["kind"]), "outcome": Outcome(attributes["outcome"])})
