"""Gantry: a gantryd of its own for each way to run containers, from the programs under test."""
import re

from .engine import SocketEngine


class Gantry(SocketEngine):
    def __init__(self, runtime, **keys):
        self.name = f"gantry-{runtime}" + "".join({"volatile_snapshots": "-volatile", "writable_memory": "-memory"}[key] for key in keys)
        self.runtime, self.keys = runtime, keys

    def prepare(self, bench):
        super().prepare(bench)
        flags = ["--runtime", self.runtime]
        if bench.options.max_creations:
            flags += ["--max-creations", str(bench.options.max_creations)]
        self.daemon = bench.session.daemon(*flags, **self.keys).start()
        self.daemon.ok("pull", "-q", bench.image)
        self.socket, self.image = self.daemon.socket, bench.image
        self.ready("none")
        self.settle = [f"{self.daemon.root}/snapshots", f"{bench.cgroup_root()}{self.daemon.cgroup_parent}/docker"]

    def describe(self):
        said = self.daemon.gantry("version").stdout
        version = re.search(r"version:?\s+(\S+)", said, re.I)
        return f"gantryd {version[1] if version else ''} --runtime {self.runtime} {self.keys or ''}"

    def close(self):
        if hasattr(self, "daemon"):
            self.daemon.close()
