"""The scenarios. Rounds take turns among the engines, each round from another one on, so that what else the machine does
meets all of them."""
import signal
import subprocess
import sys
import time

from . import machine
from .engine import Skipped, SocketEngine, trouble


def rounds(bench, engines, cells, measure):
    """measure(engine, cell) for each of both in each round; cells are keyword arguments that the results carry."""
    given_up, met = set(), set()
    for number in range(bench.options.rounds):
        for cell in cells:
            turn = number % max(1, len(engines))
            for engine in engines[turn:] + engines[:turn]:
                key = (engine.name, cell["network"])
                if key in given_up:
                    continue
                try:
                    if key not in met:
                        engine.ready(cell["network"])
                        met.add(key)
                    busy = machine.wait_idle(bench.options.patience)
                    figures = measure(engine, cell)
                except Skipped as why:
                    given_up.add(key)
                    print(f"{engine.name}: skipped with network {cell['network']}: {why}", flush=True)
                    continue
                bench.results.add(scenario=bench.options.scenario, engine=engine.name, **cell, round=number, busy=busy,
                                  **figures)


def only_sockets(engines):
    for engine in engines:
        if not isinstance(engine, SocketEngine):
            print(f"{engine.name}: skipped: the scenario needs an Engine API socket", file=sys.stderr)
    return [engine for engine in engines if isinstance(engine, SocketEngine)]


def rate(bench, engines):
    asked = bench.options
    cells = [{"network": network, "in_flight": n} for network in asked.network for n in asked.in_flight]
    rounds(bench, engines, cells, lambda engine, cell: engine.rate(cell["network"], cell["in_flight"], asked.seconds))
    for network in asked.network:
        bench.results.table(f"containers a second, all removed; network {network}; by containers in flight", "in_flight",
                            "per_second", asked.reference, network=network)


def start(bench, engines):
    asked = bench.options
    cells = [{"network": network} for network in asked.network]
    rounds(bench, engines, cells, lambda engine, cell: engine.start(cell["network"], asked.count))
    for value, title in (("start_p50_ms", "median"), ("start_p99_ms", "99th percentile")):
        bench.results.table(f"ms from the first call until the process runs, {title}, one in flight; by network",
                            "network", value, asked.reference)


def hold(bench, engines):
    asked = bench.options
    cells = [{"network": network, "containers": asked.count} for network in asked.network]
    measure = lambda engine, cell: engine.hold(cell["network"], asked.count, max(asked.in_flight))  # noqa: E731
    rounds(bench, engines, cells, measure)
    for value, title in (("pss_kb_each", "KB of PSS a container, on the engine's side over idle"),
                         ("idle_pss_kb", "KB of PSS, idle"), ("threads", "threads, all held"),
                         ("up_seconds", "seconds to start all")):
        bench.results.table(f"{title}; {asked.count} containers; by network", "network", value, asked.reference)


def overloaded(engine, network, factor, bench):
    asked = bench.options
    capacity = engine.rate(network, 16, asked.seconds)["per_second"]
    if not capacity:
        raise Skipped("it did nothing under a load of 16 in flight")
    read = engine.load("churn", "--rate", capacity * factor, "--seconds", asked.seconds, "--network", network,
                       "--max-in-flight", 50000, "--timeout", 300)
    used, whole = read.get("engine_usage", {}), read["latency"].get("whole", {})
    refusals = read["refusals"]
    return {"capacity": capacity, "goodput": read["per_second"], "kept": read["per_second"] / capacity,
            "refused": read["units"]["refused"], "refusal_p50_ms": refusals["p50_ms"] if refusals["count"] else None,
            "refusal_p99_ms": refusals["p99_ms"] if refusals["count"] else None, "whole_p50_ms": whole.get("p50_ms"),
            "whole_p99_ms": whole.get("p99_ms"), "shed": read["units"]["shed"], "answers": read["answers"],
            "idle_pss_kb": used.get("start", {}).get("pss_kb"), "peak_pss_kb": used.get("peak", {}).get("pss_kb"),
            **trouble(read)}


def overload(bench, engines):
    asked = bench.options
    cells = [{"network": asked.network[0], "times_capacity": factor} for factor in asked.factors]
    measure = lambda engine, cell: overloaded(engine, cell["network"], cell["times_capacity"], bench)  # noqa: E731
    rounds(bench, only_sockets(engines), cells, measure)
    for value, title in (("goodput", "containers done a second, draining included"), ("kept", "goodput, as a share of capacity"),
                         ("refused", "refused (429)"), ("refusal_p99_ms", "ms to a refusal, 99th percentile"),
                         ("whole_p99_ms", "ms of what was done, 99th percentile"),
                         ("peak_pss_kb", "KB of PSS at the peak")):
        bench.results.table(f"{title}; by arrivals as a multiple of capacity", "times_capacity", value, asked.reference)


class Held:
    """Containers that sleep, held by a gantry-load beside; `with` removes them."""

    def __init__(self, engine, network, count):
        self.engine, self.network, self.count, self.client = engine, network, count, None

    def __enter__(self):
        if not self.count:
            return self
        words = self.engine.command("hold", "--count", self.count, "--in-flight", 16, "--seconds", 1000000, "--network",
                                    self.network, "--no-watch")
        self.client = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        while self.running() < self.count:
            if self.client.poll() is not None:
                raise Skipped(f"{self.count} containers could not be held: {self.client.stdout.read()[-300:]}")
            time.sleep(0.5)
        return self

    def running(self):
        return self.engine.daemon.api("GET", "/info")[1]["ContainersRunning"]

    def __exit__(self, *_):
        if self.client:
            self.client.send_signal(signal.SIGINT)
            self.client.communicate()


def live(bench, engines):
    """The engine's rate, and what else is measured beside it, while its containers sleep on the same kernel."""
    asked = bench.options
    first = next((engine for engine in engines if hasattr(engine, "daemon")), None)
    if first is None:
        sys.exit("live: a Gantry engine is needed; its containers are those that sleep")
    for count in asked.live:
        try:
            with Held(first, asked.network[0], count):
                cells = [{"network": asked.network[0], "live": count, "in_flight": n} for n in asked.in_flight]
                rounds(bench, engines, cells,
                       lambda engine, cell: engine.rate(cell["network"], cell["in_flight"], asked.seconds))
        except Skipped as why:
            print(f"{first.name}: {why}", file=sys.stderr)
    for in_flight in asked.in_flight:
        bench.results.table(f"containers a second, {in_flight} in flight; by containers of {first.name} that sleep", "live",
                            "per_second", asked.reference, in_flight=in_flight)


def beside(engine, network, heavy, seconds):
    """One client with one container in flight, alone and then beside one with `heavy`."""
    def small():
        return engine.load("churn", "--in-flight", 1, "--seconds", seconds, "--network", network, "--no-watch")
    alone = small()
    words = engine.command("churn", "--in-flight", heavy, "--seconds", 2 * seconds + 1, "--network", network, "--no-watch")
    other = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    time.sleep(seconds / 2)  # its queue has formed
    with_it = small()
    crowd = engine.report(other.communicate()[0])
    whole = [read["latency"].get("whole", {}) for read in (alone, with_it)]
    return {"alone_p50_ms": whole[0].get("p50_ms"), "alone_p99_ms": whole[0].get("p99_ms"),
            "beside_p50_ms": whole[1].get("p50_ms"), "beside_p99_ms": whole[1].get("p99_ms"),
            "beside_done": with_it["units"]["done"], "heavy_per_second": crowd["per_second"],
            "failures": {**alone["failures"], **with_it["failures"], **crowd["failures"]},
            "failed": sum(trouble(read)["failed"] for read in (alone, with_it, crowd))}


def fair(bench, engines):
    asked = bench.options
    cells = [{"network": asked.network[0], "heavy_in_flight": asked.heavy}]
    rounds(bench, only_sockets(engines), cells,
           lambda engine, cell: beside(engine, cell["network"], asked.heavy, asked.seconds))
    for value, title in (("alone_p50_ms", "ms of a container, one in flight, nobody else: median"),
                         ("beside_p50_ms", f"beside a client with {asked.heavy} in flight: median"),
                         ("beside_p99_ms", "99th percentile"), ("heavy_per_second", "containers a second of that client")):
        bench.results.table(title, "network", value, asked.reference)


ALL = {"rate": rate, "start": start, "hold": hold, "overload": overload, "live": live, "fair": fair}
