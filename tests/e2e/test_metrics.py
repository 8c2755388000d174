"""The figures that a daemon serves for Prometheus."""
import http.client
import os
import re
import socket
import subprocess
import unittest

from harness import BIN, Case, Session, wait_until

LINE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\.)*"(?:,[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*")*\})? (\S+)$')


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def scrape(port):
    """Name with labels to value, of a text each line of which is well-formed."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    assert answer.status == 200, text
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4"), answer.headers
    figures, typed = {}, set()
    for line in text.splitlines():
        if line.startswith("#"):
            typed.add(line.split()[2])
            continue
        found = LINE.match(line)
        assert found and found[1] in typed, line
        assert found[1] + (found[2] or "") not in figures, line
        figures[found[1] + (found[2] or "")] = float(found[3])
    return figures


class Metrics(Case):
    port = free_port()
    flags = ("--metrics-host", f"tcp://127.0.0.1:{port}")

    def launched_by(self, figures, name="gantry_container_starts_total"):
        return sum(value for key, value in figures.items() if key.startswith(name + "{"))

    def test_what_containers_did_is_counted(self):
        before = scrape(self.port)
        for _ in range(3):
            self.daemon.ok("run", "--rm", "--network", "none", self.base, "true")
        self.daemon.ok("run", "-d", "--network", "none", "--name", "stays", self.base, "sleep", "1000")
        self.daemon.ok("exec", "stays", "true")
        self.assertNotEqual(self.daemon.gantry("run", "--network", "none", self.base, "/no/such/program").returncode, 0)
        after = scrape(self.port)
        grown = {key: value - before.get(key, 0) for key, value in after.items()}
        self.assertEqual(grown["gantry_container_creations_total"], 5)
        self.assertEqual(self.launched_by(after) - self.launched_by(before), 4)
        failures = "gantry_container_start_failures_total"
        self.assertEqual(self.launched_by(after, failures) - self.launched_by(before, failures), 1)
        self.assertGreaterEqual(grown["gantry_container_exits_total"], 3)
        self.assertEqual(grown["gantry_execs_total"], 1)
        self.assertEqual(after['gantry_containers{state="running"}'], 1)
        wait_until(lambda: scrape(self.port)['gantry_admission_held{work="launch"}'] == 0, 10, "the slots to be free")
        self.assertGreaterEqual(after["gantry_events_total"], 15)
        self.assertEqual(after["gantry_metrics_missing"], 0)

    def test_pulls_and_the_process_are_measured(self):
        figures = scrape(self.port)
        self.assertEqual(figures['gantry_pulls_total{result="done"}'], 1)
        self.assertGreater(figures["gantry_pulled_bytes_total"], 10_000)
        self.assertEqual(figures["gantry_images"], 1)
        self.assertEqual(figures["gantry_monitors"], len(self.daemon.monitors()))
        self.assertGreater(figures["process_resident_memory_bytes"], 1 << 20)
        self.assertGreater(figures["process_open_fds"], 10)
        self.assertGreater(figures["process_start_time_seconds"], 1.6e9)

    def test_a_failed_pull_is_counted(self):
        before = scrape(self.port)
        self.assertNotEqual(self.daemon.gantry("pull", self.base + "-missing").returncode, 0)
        key = 'gantry_pulls_total{result="failed"}'
        wait_until(lambda: scrape(self.port)[key] == before[key] + 1, 10, "the failed pull to be counted")


class Hosts(unittest.TestCase):
    def test_what_is_no_address_is_refused_in_words(self):
        done = subprocess.run([f"{BIN}/gantryd", "--metrics-host", "127.0.0.1:9323"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertIn("tcp://HOST:PORT", done.stderr)

    def test_a_port_that_is_taken_ends_the_daemon_in_words(self):
        daemon = Session.current.daemon()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            daemon.flags += ["--metrics-host", f"tcp://127.0.0.1:{taken.getsockname()[1]}"]
            with self.assertRaisesRegex(RuntimeError, "somebody else listens on it"):
                daemon.start()
        self.assertFalse(os.path.exists(daemon.socket))


class Native(unittest.TestCase):
    def test_what_native_leaves_to_an_oci_runtime_is_counted_by_its_reason(self):
        port = free_port()
        daemon = Session.current.daemon("--runtime", "native", metrics_hosts=[f"tcp://127.0.0.1:{port}"]).start()
        self.addCleanup(daemon.close)
        base = Session.current.base
        daemon.ok("pull", "-q", base)
        daemon.ok("run", "--rm", "--network", "none", base, "true")
        figures = scrape(port)
        self.assertEqual(figures['gantry_container_starts_total{launcher="native"}'], 1)
        self.assertFalse([key for key in figures if key.startswith("gantry_native_fallbacks_total{")])
