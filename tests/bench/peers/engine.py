"""What an engine is to a scenario."""
import json
import subprocess


class Skipped(Exception):
    """It is not there, or cannot do what is asked; the text says why."""


class Engine:
    """A subclass says what it can: rate(), start(), hold() return figures by name, and raise Skipped."""
    name = ""

    def prepare(self, bench):
        """Finds or starts the engine; Skipped when it is not there."""

    def describe(self):
        return ""

    def ready(self, network):
        """Asked once before the first measure with a network; Skipped when the engine does not give it."""

    def rate(self, network, in_flight, seconds):
        """{"per_second", "failed", ...} of containers created, started, waited for and removed; the clock stops when
        all is removed."""
        raise Skipped("has no such measure")

    def start(self, network, count):
        """{"start_p50_ms", "start_p99_ms", "failed"}: from the first call until the process runs, one in flight."""
        raise Skipped("has no such measure")

    def hold(self, network, count, in_flight):
        """{"pss_kb_each", "threads", "processes", "up_seconds", "failed"} of containers that sleep."""
        raise Skipped("has no engine to hold them")

    def close(self):
        pass


class SocketEngine(Engine):
    """One that speaks the Docker Engine API, measured with gantry-load."""
    socket = image = ""
    options = ()  # of gantry-load, for this engine
    settle = ()  # folders that show what it does after its last answer

    def prepare(self, bench):
        self.program = bench.program("gantry-load")

    def command(self, *arguments):
        settle = ["--settle", ",".join(self.settle)] if self.settle else []
        return [self.program, "--host", f"unix://{self.socket}", "--image", self.image, "--wait", "not-running",
                "--json", "-", *settle, *self.options, *map(str, arguments)]

    def load(self, *arguments):
        """gantry-load's report; failures are in it."""
        done = subprocess.run(self.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return self.report(done.stdout, done.stderr)

    def report(self, stdout, stderr=""):
        try:
            read = json.loads(stdout)
        except ValueError:
            raise Skipped(f"gantry-load: {stderr.strip()[-300:]}")
        self.version = f"{read['engine']['name']} {read['engine']['version']}"
        return read

    def describe(self):
        return self.version

    def ready(self, network):
        """One container; Skipped in the engine's words when that fails. An engine without a bridge may run containers
        on it all the same, with nothing but loopback."""
        command = "test -e /sys/class/net/eth0" if network == "bridge" else "true"
        read = self.load("churn", "--count", 1, "--network", network, "--timeout", 30, "--no-watch", "--cmd", command)
        if not read["fine"]:
            raise Skipped("; ".join(read["failures"]) or "a container was left over")

    def rate(self, network, in_flight, seconds):
        read = self.load("churn", "--seconds", seconds, "--in-flight", in_flight, "--network", network)
        whole = read["latency"].get("whole", {})
        return {"per_second": read.get("settled_per_second", read["per_second"]), "answered_per_second": read["per_second"],
                "settle_seconds": read.get("settle_seconds"), "whole_p50_ms": whole.get("p50_ms"),
                "whole_p99_ms": whole.get("p99_ms"), **trouble(read)}

    def start(self, network, count):
        read = self.load("churn", "--count", count, "--in-flight", 1, "--network", network)
        started = read["latency"].get("create to start", {})
        return {"start_p50_ms": started.get("p50_ms"), "start_p99_ms": started.get("p99_ms"), **trouble(read)}

    def hold(self, network, count, in_flight):
        read = self.load("hold", "--count", count, "--in-flight", in_flight, "--seconds", 2, "--network", network)
        memory = read.get("memory", {"before": {}, "held": {}})
        return {"pss_kb_each": memory.get("pss_kb_per_container"), "idle_pss_kb": memory["before"].get("pss_kb"),
                "threads": memory["held"].get("threads"), "processes": memory["held"].get("processes"),
                "up_seconds": read["seconds"], **trouble(read)}


def trouble(read):
    """What went wrong in a gantry-load report."""
    found = {"failed": read["units"]["failed"]}
    if read["failures"] or read["leaked"]:
        found.update(failures=read["failures"], leaked=len(read["leaked"]), failed=max(found["failed"], 1))
    return found


def last_json(command, **options):
    """The last line that a program prints, read as JSON; Skipped when it fails."""
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    try:
        read = json.loads(done.stdout.strip().split("\n")[-1])
    except ValueError:
        read = None
    if done.returncode or read is None:
        raise Skipped(f"{command[0]}: exit {done.returncode} {(done.stdout + done.stderr).strip()[-300:]}")
    return read
