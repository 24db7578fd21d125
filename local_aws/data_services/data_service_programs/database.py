"""The stand-in for PostgreSQL: database <address> <port> <file>, with DATABASE_USERNAME and DATABASE_PASSWORD set."""

import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

from .lines import Record, RequestError, serve


class Database:
    """One connection to one file: requests are served one after the other, so they can't interleave."""

    def __init__(self, file: str, login: tuple[str, str]) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None)
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = off")
        self._login = login

    async def answer(self, request: Record) -> Record:
        self._check(request)
        try:
            with self._transaction():
                if "transaction" in request:
                    return {"results": [self._execute(statement) for statement in request["transaction"]]}
                return self._execute(request)
        except sqlite3.Error as wrong:
            raise RequestError(str(wrong)) from wrong

    def _check(self, request: Record) -> None:
        _, password = self._login
        if password and (request.get("username"), request.get("password")) != self._login:
            raise RequestError(f'password authentication failed for user "{request.get("username")}"')

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    def _execute(self, statement: Record) -> Record:
        with closing(self._connection.execute(statement["sql"], statement.get("args") or [])) as cursor:
            rows = [list(row) for row in cursor.fetchall()]
            return {"rows": rows, "count": len(rows) if cursor.description else max(cursor.rowcount, 0)}


if __name__ == "__main__":
    login = (os.environ.get("DATABASE_USERNAME", ""), os.environ.get("DATABASE_PASSWORD", ""))
    serve(Database(sys.argv[3], login).answer)
