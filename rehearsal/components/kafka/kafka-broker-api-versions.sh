#!/bin/sh
# A broker that accepts a connection is alive.
exec python3 -c 'import os, socket; socket.create_connection((os.environ.get("BIND_ADDRESS", "127.0.0.1"), int(os.environ.get("PORT", "9092"))), 3)'
