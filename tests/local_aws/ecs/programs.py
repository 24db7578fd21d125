"""Programs that the tests put into images."""

SERVER = """#!/usr/bin/env python3
import http.server, os, signal, sys, time

version = os.environ.get("VERSION", "")
print("starting", version, flush=True)
if version == "crash":
    sys.exit(3)
if version == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = os.environ.get(self.path[5:], "").encode() if self.path.startswith("/env/") else version.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


address = (os.environ["BIND_ADDRESS"], int(os.environ["PORT"]))
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
"""
ALIVE = """#!/usr/bin/env python3
import os, urllib.request

urllib.request.urlopen(f"http://{os.environ['BIND_ADDRESS']}:{os.environ['PORT']}/", timeout=30)
"""
ALONE = """#!/usr/bin/env python3
import fcntl, os, signal, sys, time

signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.3), sys.exit(0)))
lock = open(os.environ["LOCK"], "w")
fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # raises when another process holds it
while True:
    time.sleep(1)
"""
ASKER = """#!/usr/bin/env python3
import http.client, http.server, os, signal, sys

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # /<host>/<port>: asks there, straight, as a program does that knows no proxy
        _, host, port = self.path.split("/")
        try:
            connection = http.client.HTTPConnection(host, int(port), timeout=30)
            connection.request("GET", "/")
            status, body = 200, connection.getresponse().read()
        except OSError as error:
            status, body = 502, f"{type(error).__name__}: {error}".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer((os.environ["BIND_ADDRESS"], int(os.environ["PORT"])), Handler).serve_forever()
"""
