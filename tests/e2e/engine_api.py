"""A client of the Engine API over a Unix socket, for what a test asks without the command line."""
import http.client
import json
import socket


class Connection(http.client.HTTPConnection):
    def __init__(self, path, timeout=60):
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def call(path, method, target, body=None, timeout=60, headers=None):
    """(status, document or text). One connection a call."""
    connection = Connection(path, timeout)
    try:
        sent = None if body is None else json.dumps(body)
        connection.request(method, target, sent, {**({"Content-Type": "application/json"} if sent else {}), **(headers or {})})
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
    finally:
        connection.close()
    try:
        return answer.status, json.loads(text)
    except ValueError:
        return answer.status, text
