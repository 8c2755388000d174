"""containerd, through a client program that is given: its command line takes too long to be a client of a benchmark.

--containerd-client is a command. To it are added -c IN_FLIGHT, -net host|none, and -s SECONDS or -hold COUNT; it prints
JSON lines:
  -s SECONDS    {"n", "per_s", "full_p50_ms", "full_p99_ms", "errs", "err"}: create, start, wait, remove, again and again
  -hold COUNT   {"up", "up_s", "p50_ms", "p99_ms", "errs"} when all run (p50: from create until start's answer), then it
                waits for a line on standard input, removes all and prints {"down_s"}
"""
import json
import shlex
import subprocess

from . import machine
from .engine import Engine, Skipped, last_json

NAMES = ("containerd", "containerd-shim")


class Containerd(Engine):
    name = "containerd"

    def prepare(self, bench):
        if not bench.options.containerd_client:
            raise Skipped("no --containerd-client COMMAND was given")
        self.client = shlex.split(bench.options.containerd_client)
        self.rate("host", 1, 0.1)

    def describe(self):
        return f"by {shlex.join(self.client)}, with an image of its own"

    def ready(self, network):
        if network == "bridge":
            raise Skipped("its client makes no bridge")

    def words(self, network, *arguments):
        return [*self.client, "-net", network, *map(str, arguments)]

    def rate(self, network, in_flight, seconds):
        read = last_json(self.words(network, "-c", in_flight, "-s", seconds))
        if read.get("err"):
            raise Skipped(read["err"][:300])
        return {"per_second": read["per_s"], "whole_p50_ms": read["full_p50_ms"], "whole_p99_ms": read["full_p99_ms"],
                "failed": read["errs"]}

    def hold(self, network, count, in_flight):
        before = machine.usage(NAMES)
        client = subprocess.Popen(self.words(network, "-c", in_flight, "-hold", count), text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        up = json.loads(client.stdout.readline() or "{}")
        held = machine.usage(NAMES)
        client.communicate("\n")
        if not up.get("up"):
            raise Skipped(f"none was started: {up}")
        return {"pss_kb_each": (held["pss_kb"] - before["pss_kb"]) / up["up"], "idle_pss_kb": before["pss_kb"],
                "threads": held["threads"], "processes": held["processes"], "up_seconds": up["up_s"],
                "start_p50_ms": up["p50_ms"], "start_p99_ms": up["p99_ms"], "failed": up["errs"]}

    def start(self, network, count):
        held = self.hold(network, count, 1)
        return {key: held[key] for key in ("start_p50_ms", "start_p99_ms", "failed")}
