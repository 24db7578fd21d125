"""Stand-ins for PostgreSQL, Redis and Kafka: one small process each, started for a data store that a stack creates.

They are no such servers: they speak a protocol of their own, one line of JSON for each request and for each answer,
over a plain TCP connection that may carry any number of requests, one after the other. Every answer is an object with
`"ok": true` and the members named below, or `{"ok": false, "error": "<why>"}`. The address and the port are those that
the resource's endpoint attributes say (`DATABASE_HOST`, `REDIS_HOST`, `KAFKA_BROKERS`). TLS is not spoken.

Database (`database.py`; a file of SQLite stands behind it, SQL is SQLite's, parameters are `?`):
  `{"sql": "select id from orders where price > ?", "args": [10]}` -> `{"ok": true, "rows": [[1], [2]], "count": 2}`
  Every request is a transaction of its own; `count` is the number of rows read or changed. Several statements in one
  transaction: `{"transaction": [{"sql": ..., "args": [...]}, ...]}` -> `{"ok": true, "results": [{"rows", "count"}]}`.
  A request may carry `"username"` and `"password"`; a wrong password is refused, none at all too once there is one.

Cache (`cache.py`):
  `{"command": ["LPUSH", "queue", "job"]}` -> `{"ok": true, "value": 1}`
  Commands: PING, GET, SET key value, DEL key..., INCR key, LPUSH key value..., RPUSH key value..., BRPOP key seconds
  (`value` is `[key, value]`, or null after that many seconds), RPOP key, LRANGE key start stop, LLEN key, KEYS.
  A request may carry `"token"`; a wrong one is refused, none at all too once there is one.

Stream (`stream.py`; one partition for each topic, kept in memory, gone with the process):
  `{"produce": "orders", "value": "..."}` -> `{"ok": true, "offset": 41}`
  `{"fetch": "orders", "group": "matching", "max": 100, "wait": 1.0}` -> `{"ok": true, "messages": [{offset, value}]}`
      from the group's committed offset on (or from `"offset"`), waiting up to `wait` seconds (default 0) for the first
  `{"commit": "orders", "group": "matching", "offset": 42}` -> `{"ok": true}`   (the next offset to be read)
  `{"end_offset": "orders"}` -> `{"ok": true, "offset": 42}`                    (the next offset to be written)
  `{"lag": "orders", "group": "matching"}` -> `{"ok": true, "committed": 40, "lag": 2}`
  `{"topics": true}` -> `{"ok": true, "topics": ["orders"]}`
"""
