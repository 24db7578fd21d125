"""The protocol that the stand-ins share: a line of JSON for each request, a line for each answer."""

import asyncio
import ctypes
import json
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

Record = dict[str, Any]
Answering = Callable[[Record], Awaitable[Record]]
LINE_LIMIT = 4 * 1024 * 1024


class RequestError(Exception):
    """A request was wrong; the text is the answer's `error`."""


def serve(answer: Answering) -> None:
    """Serve on the address and port of the command line until the parent ends."""
    _die_with_parent()
    address, port = sys.argv[1], int(sys.argv[2])
    asyncio.run(_serve(answer, address, port))


async def _serve(answer: Answering, address: str, port: int) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await _answered(answer, line)).encode() + b"\n")
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, address, port, limit=LINE_LIMIT)
    await server.serve_forever()


async def _answered(answer: Answering, line: bytes) -> Record:
    try:
        request = json.loads(line)
        if not isinstance(request, dict):
            raise RequestError("a request is an object")
        return {"ok": True} | await answer(request)
    except (RequestError, json.JSONDecodeError) as wrong:
        return {"ok": False, "error": str(wrong)}
    except (KeyError, TypeError, ValueError, IndexError) as wrong:
        return {"ok": False, "error": f"malformed request: {wrong!r}"}


def _die_with_parent() -> None:
    """Let the kernel (Linux) end this process when the thread that started it does: prctl PR_SET_PDEATHSIG."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
