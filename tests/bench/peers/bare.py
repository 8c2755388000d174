"""An OCI runtime without an engine: create, start, wait, delete on a bundle that a client would have had made."""
import os
import shutil
import subprocess

import create_rate

from .engine import Engine, Skipped, last_json


class Bare(Engine):
    """The host's runtime, or with `root` the one of another root folder, run there by chroot."""

    def __init__(self, runtime, root=""):
        self.runtime, self.root = runtime, root
        self.name = f"bare-{runtime}" + ("-in-root" if root else "")
        self.work = ""

    def prepare(self, bench):
        if self.root and not os.path.isdir(self.root):
            raise Skipped(f"--runtimes-root: {self.root} is no folder")
        if self.command(self.runtime, "--version").returncode:
            raise Skipped("the program is not there")
        self.bench, self.bundles = bench, {}
        # Within the other root, on its disk: a writable layer on tmpfs would make it another measure.
        self.work = f"/var/lib/{os.path.basename(bench.session.folder)}" if self.root else f"{bench.session.folder}/bare"
        self.work += f"-{self.runtime}"
        os.makedirs(self.root + self.work)
        self.program = f"{self.work}/bench_create_rate"
        shutil.copy(bench.program("bench_create_rate"), self.root + self.program)
        self.ready("none")

    def command(self, *words):
        return subprocess.run([*self.within(), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def within(self):
        # A mount namespace of its own: nothing is left on the host however it ends. crun refuses a host where the
        # cgroup2 tree beside v1's has controllers, unless it does not see it.
        hide = "umount /sys/fs/cgroup/unified 2>/dev/null; " if self.runtime == "crun" and not self.root else ""
        alone = ["unshare", "-m", "sh", "-c", hide + 'exec "$@"', "sh"]
        return alone + (["chroot", self.root] if self.root else [])

    def describe(self):
        return self.command(self.runtime, "--version").stdout.split("\n")[0] + (f" in {self.root}" if self.root else "")

    def measure(self, network, amount, in_flight):
        if network not in self.bundles:
            folder = f"{self.work}/{network}"
            os.makedirs(self.root + folder)
            self.bundles[network] = create_rate.bare_bundle(self.bench.specs, folder, self.bench.image, network, self.root)
        template, lower = self.bundles[network]
        return last_json([*self.within(), self.program, "bare", self.runtime, template, lower, f"{self.work}/{network}",
                          amount, in_flight])

    def ready(self, network):
        if network == "bridge":
            raise Skipped("a runtime makes no bridge")
        if self.measure(network, 1, 1)["failed"]:
            raise Skipped("a container could not be run (its words stand above)")

    def rate(self, network, in_flight, seconds):
        read = self.measure(network, f"{seconds}s", in_flight)
        return {"per_second": (read["count"] - read["failed"]) / read["seconds"], **read}

    def start(self, network, count):
        return self.measure(network, count, 1)

    def close(self):
        if self.work:
            shutil.rmtree(self.root + self.work, ignore_errors=True)
