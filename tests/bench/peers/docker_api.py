"""Peers that speak the Docker Engine API: dockerd and podman, wherever their sockets are."""
import http.client
import os
import socket

from .engine import Skipped, SocketEngine


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=120)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class ApiPeer(SocketEngine):
    """The image goes in as an archive, so that no registry has to be known to the engine."""
    option = usual = ""
    names = ()  # of its processes
    cgroups = ""  # where its containers' cgroups are, below each controller

    def prepare(self, bench):
        super().prepare(bench)
        given = getattr(bench.options, self.option)
        self.socket = (given or self.usual).removeprefix("unix://")
        if not os.path.exists(self.socket):
            raise Skipped(f"nothing at {self.socket}; --{self.option} unix://PATH says where it is")
        self.options = ["--watch", ",".join(self.names)]
        self.image = bench.archive_name
        with open(bench.archive(), "rb") as file:
            self.call("POST", "/images/load", file.read())
        self.ready("none")
        # After the first container: what is made beside those of containers (podman's of conmon) is there by now.
        self.settle = [f"{bench.cgroup_root()}/{self.cgroups}"]

    def call(self, method, target, body=None):
        connection = Connection(self.socket)
        try:
            # Podman's paths without a version are another API.
            connection.request(method, "/v1.41" + target, body, {"Content-Type": "application/x-tar"} if body else {})
            answer = connection.getresponse()
            said = answer.read().decode(errors="replace")
        except OSError as error:
            raise Skipped(f"{self.socket}: {error}")
        finally:
            connection.close()
        if answer.status >= 300 or '"error"' in said:
            raise Skipped(f"{method} {target}: {answer.status} {said.strip()[-300:]}")

    def close(self):
        if self.image:
            try:
                self.call("DELETE", f"/images/{self.image}?force=true")
            except Skipped as why:
                print(f"{self.name}: the benchmark's image stays: {why}")


class Dockerd(ApiPeer):
    name, option, usual, cgroups = "dockerd", "dockerd", "/run/docker.sock", "docker"
    names = ("dockerd", "containerd", "containerd-shim", "docker-proxy")


class Podman(ApiPeer):
    name, option, usual, cgroups = "podman", "podman", "/run/podman/podman.sock", "libpod_parent"
    names = ("podman", "conmon")
