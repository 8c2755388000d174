"""Two registries on loopback: Debian's docker-registry, and one in Python that lies, stalls or counts as a test says."""
import http.server
import os
import re
import socket
import subprocess
import threading
import time

from images import digest


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(true, seconds=20, what="a condition"):
    """Polls; a test waits for a state, never for a time."""
    until = time.monotonic() + seconds * float(os.environ.get("GANTRY_PATIENCE", "1"))
    while time.monotonic() < until:
        found = true()
        if found:
            return found
        time.sleep(0.02)
    raise TimeoutError(f"waited {seconds} s for {what}")


class RealRegistry:
    def __init__(self, folder):
        self.address = f"127.0.0.1:{free_port()}"
        os.makedirs(f"{folder}/blobs")
        with open(f"{folder}/config.yml", "w") as file:
            file.write(f"version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\n"
                       f"storage: {{filesystem: {{rootdirectory: {folder}/blobs}}}}\nhttp: {{addr: {self.address}}}\n")
        with open(f"{folder}/log", "w") as log:
            self._process = subprocess.Popen(["docker-registry", "serve", f"{folder}/config.yml"], stdout=log, stderr=log)
        wait_until(self._answers, what="docker-registry to answer")

    def _answers(self):
        host, port = self.address.split(":")
        with socket.socket() as probe:
            return probe.connect_ex((host, int(port))) == 0

    def close(self):
        self._process.terminate()
        self._process.wait()


class ScriptedRegistry:
    """Serves Images by name. `change(path, data)` may return other bytes than the true ones; `rate` is bytes per second."""

    def __init__(self, images, change=None, rate=0):
        self.images, self.change, self.rate = images, change or (lambda path, data: data), rate
        self.requests = []  # (path, Range or None)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.address = "127.0.0.1:%d" % self._server.server_port
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def find(self, path):
        """(bytes, media type, digest) of a path, or nothing."""
        found = re.fullmatch(r"/v2/([^/]+)/(manifests|blobs)/(.+)", path)
        image = self.images.get(found[1]) if found else None
        if image is None:
            return None
        if found[2] == "manifests":
            return image.manifest, "application/vnd.oci.image.manifest.v1+json", digest(image.manifest)
        data = image.blobs.get(found[3])
        return None if data is None else (data, "application/octet-stream", found[3])

    def _handler(registry):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_HEAD(self):
                self.answer(body=False)

            def do_GET(self):
                self.answer(body=True)

            def answer(self, body):
                registry.requests.append((self.path, self.headers.get("Range")))
                if self.path == "/v2/":
                    return self.reply(200, b"{}", "application/json", None, 0, body)
                found = registry.find(self.path)
                if not found:
                    return self.reply(404, b"{}", "application/json", None, 0, body)
                data, kind, name = found
                start = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
                first = int(start[1]) if start else 0
                if first >= len(data) > 0:
                    return self.reply(416, b"", kind, name, 0, body)
                self.reply(206 if start else 200, registry.change(self.path, data), kind, name, first, body, len(data))

            def reply(self, status, data, kind, name, first, body, total=None):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                if name:
                    self.send_header("Docker-Content-Digest", name)
                if status == 206:
                    self.send_header("Content-Range", f"bytes {first}-{total - 1}/{total}")
                self.send_header("Content-Length", str((total if total is not None else len(data)) - first))
                self.end_headers()
                if body:
                    self.send(data[first:])
                    if total is not None and len(data) != total:
                        self.close_connection = True

            def send(self, data):
                step = registry.rate // 20 if registry.rate else len(data) or 1
                try:
                    for at in range(0, len(data), step):
                        self.wfile.write(data[at:at + step])
                        if registry.rate:
                            time.sleep(0.05)
                except OSError:
                    self.close_connection = True

        return Handler
