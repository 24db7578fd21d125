"""How ministack keeps records: a mapping of its own for each account and region, seen through the request's scope."""

from collections.abc import MutableMapping
from typing import Any

Record = dict[str, Any]
Store = MutableMapping[str, Record]
