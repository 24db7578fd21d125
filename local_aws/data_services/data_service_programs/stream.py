"""The stand-in for Kafka: stream <address> <port>."""

import asyncio
from collections import defaultdict

from .lines import Record, RequestError, serve

MOST_MESSAGES = 500
LONGEST_WAIT = 30.0


class Stream:
    """Holds topics of one partition, and how far each consumer group has read them."""

    def __init__(self) -> None:
        self._topics: dict[str, list[str]] = defaultdict(list)
        self._committed: dict[tuple[str, str], int] = defaultdict(int)
        self._produced = asyncio.Condition()

    async def answer(self, request: Record) -> Record:
        operations = {
            "produce": self._produce,
            "fetch": self._fetch,
            "commit": self._commit,
            "end_offset": self._end_offset,
            "lag": self._lag,
            "topics": self._list,
        }
        for name, operation in operations.items():
            if name in request:
                return await operation(request)
        raise RequestError(f"one of {', '.join(operations)} is needed")

    async def _produce(self, request: Record) -> Record:
        topic = self._topics[request["produce"]]
        topic.append(request["value"])
        async with self._produced:
            self._produced.notify_all()
        return {"offset": len(topic) - 1}

    async def _fetch(self, request: Record) -> Record:
        name = request["fetch"]
        start = int(request["offset"] if "offset" in request else self._committed[name, request["group"]])
        wait = min(float(request.get("wait", 0)), LONGEST_WAIT)
        if wait and len(self._topics[name]) <= start:
            await self._wait_for(name, start, wait)
        messages = self._topics[name][start : start + min(int(request.get("max", 100)), MOST_MESSAGES)]
        return {"messages": [{"offset": start + index, "value": value} for index, value in enumerate(messages)]}

    async def _wait_for(self, name: str, offset: int, seconds: float) -> None:
        async with self._produced:
            try:
                await asyncio.wait_for(self._produced.wait_for(lambda: len(self._topics[name]) > offset), seconds)
            except TimeoutError:
                return

    async def _commit(self, request: Record) -> Record:
        name, offset = request["commit"], int(request["offset"])
        if not 0 <= offset <= len(self._topics[name]):
            raise RequestError(f"offset {offset} is not between 0 and the end {len(self._topics[name])} of {name}")
        self._committed[name, request["group"]] = offset
        return {}

    async def _end_offset(self, request: Record) -> Record:
        return {"offset": len(self._topics[request["end_offset"]])}

    async def _lag(self, request: Record) -> Record:
        name = request["lag"]
        committed = self._committed[name, request["group"]]
        return {"committed": committed, "lag": len(self._topics[name]) - committed}

    async def _list(self, _request: Record) -> Record:
        return {"topics": sorted(name for name, messages in self._topics.items() if messages)}


if __name__ == "__main__":
    serve(Stream().answer)
