"""Attach over a WebSocket (RFC 6455), as web consoles do: output as it is, input as messages, detach keys, the end."""
import base64
import os
import socket
import struct

from harness import Case, wait_until


class WebSocket:
    """A client of one connection, by hand: there is none in Python's library."""

    def __init__(self, path, target):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(path)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET {target} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                             f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nOrigin: http://x\r\n\r\n").encode())
        self.bytes = b""
        while b"\r\n\r\n" not in self.bytes:
            self._more()
        head, _, self.bytes = self.bytes.partition(b"\r\n\r\n")
        self.status = int(head.split(b" ")[1])
        self.opcodes, self.closed = set(), False

    def _more(self):
        got = self.socket.recv(65536)
        if not got:
            raise EOFError
        self.bytes += got

    def _take(self, size):
        while len(self.bytes) < size:
            self._more()
        taken, self.bytes = self.bytes[:size], self.bytes[size:]
        return taken

    def frame(self, opcode, payload):
        mask = os.urandom(4)
        size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack(">H", len(payload))
        self.socket.sendall(bytes([0x80 | opcode]) + size + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))

    def send(self, payload):
        self.frame(2, payload)

    def message(self):
        """The next message; None at the end."""
        try:
            first, second = self._take(2)
            size = second & 127
            if size == 126:
                size = struct.unpack(">H", self._take(2))[0]
            elif size == 127:
                size = struct.unpack(">Q", self._take(8))[0]
            payload = self._take(size)
        except (EOFError, ConnectionResetError):
            return None
        if first & 15 == 8:
            self.closed = True
            self.frame(8, payload)
            return None
        self.opcodes.add(first & 15)
        return payload

    def until(self, text):
        got = b""
        while text not in got:
            part = self.message()
            if part is None:
                raise AssertionError(f"the end came before {text!r}: {got!r}")
            got += part
        return got

    def rest(self):
        got = b""
        while (part := self.message()) is not None:
            got += part
        return got


class DockerWebSocket(Case):
    def attach(self, name, query, version=""):
        return WebSocket(self.daemon.socket, f"{version}/containers/{name}/attach/ws?{query}")

    def test_output_is_raw_and_its_end_is_told(self):
        self.ok("create", "--name", "box", self.base, "sh", "-c", "echo out; echo err >&2; sleep 0.5")
        client = self.attach("box", "stream=1&stdout=1&stderr=1")
        self.assertEqual(client.status, 101)
        self.ok("start", "box")
        self.assertEqual(sorted(client.rest().split()), [b"err", b"out"])
        self.assertEqual((client.opcodes, client.closed), ({2}, True))

    def test_one_stream_alone_and_what_was_said_before(self):
        self.ok("run", "--name", "box", self.base, "sh", "-c", "echo out; echo err >&2")
        self.assertEqual(self.attach("box", "logs=1&stdout=1").rest(), b"out\n")
        self.assertEqual(self.attach("box", "logs=1&stderr=1").rest(), b"err\n")

    def test_input(self):
        self.ok("create", "-i", "--name", "box", self.base, "cat")
        client = self.attach("box", "stream=1&stdin=1&stdout=1")
        self.ok("start", "box")
        client.send(b"hello\n")
        client.until(b"hello\n")
        client.send(b"x" * 60_000)
        client.until(b"x" * 60_000)
        client.socket.close()
        self.wait_state("box", "exited")  # its input ended with its client

    def test_a_terminal_and_its_detach_keys(self):
        self.ok("create", "-it", "--name", "box", self.base, "sh")
        client = self.attach("box", "stream=1&stdin=1&stdout=1&detachKeys=ctrl-a,d")
        self.ok("start", "box")
        client.send(b"echo $((40+2))\n")
        client.until(b"42")
        client.send(b"\x01d")
        client.rest()
        self.assertEqual(self.daemon.state("box")["Status"], "running")

    def test_old_clients_get_messages_of_text(self):
        self.ok("run", "--name", "box", self.base, "echo", "out")
        client = self.attach("box", "logs=1&stdout=1", "/v1.24")
        self.assertEqual((client.rest(), client.opcodes), (b"out\n", {1}))

    def test_what_is_no_websocket_is_refused(self):
        self.ok("create", "--name", "box", self.base, "true")
        status, answer = self.daemon.api("GET", "/containers/box/attach/ws?stream=1")
        self.assertEqual(status, 400)
        self.assertIn("WebSocket", answer["message"])
        self.assertEqual(self.attach("none", "stream=1").status, 404)

    def test_a_client_that_vanishes_or_talks_nonsense_harms_nobody(self):
        self.ok("run", "-d", "--name", "box", self.base, "sh", "-c", "while true; do echo tick; sleep 0.1; done")
        fds = len(os.listdir(f"/proc/{self.daemon.process.pid}/fd"))
        for nonsense in (b"", b"\xff" * 100, b"\x82\xff" + b"\xff" * 8 + b"mask", b"\x82\x05plain"):
            client = self.attach("box", "stream=1&stdin=1&stdout=1")
            client.until(b"tick")
            client.socket.sendall(nonsense)
            client.socket.close()
        wait_until(lambda: len(os.listdir(f"/proc/{self.daemon.process.pid}/fd")) <= fds + 2, 20)
        self.assertEqual(self.daemon.state("box")["Status"], "running")
