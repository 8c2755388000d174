"""tests/bench/peers.py on small counts: each scenario measures what it says, and what is not there is skipped aloud."""
import json
import os
import subprocess
import sys

from harness import BIN, PATIENCE, Case

PEERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../bench/peers.py")


class Peers(Case):
    def measure(self, scenario, *arguments, code=0):
        """(JSON lines by engine, what was said)"""
        out = f"{self.daemon.folder}/{scenario}.jsonl"
        done = subprocess.run([sys.executable, PEERS, scenario, "--bin", BIN, "--rounds", "1", "--network", "none", "--seconds", "0.3",
                               "--patience", "0", "--out", out, *arguments], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=120 * PATIENCE)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertNotIn("LEFT ON THE HOST", done.stdout)
        with open(out) as file:
            lines = [json.loads(line) for line in file]
        self.assertEqual([line["failed"] for line in lines], [0] * len(lines), lines)
        return {line["engine"]: line for line in lines}, done.stdout

    def test_rate_of_the_engine_the_runtime_and_the_kernel(self):
        nobody = f"unix://{self.daemon.folder}/nobody.sock"
        found, said = self.measure("rate", "--in-flight", "2", "--engines", "gantry-native,bare-runc,bound,dockerd,containerd",
                                   "--reference", "bare-runc", "--dockerd", nobody)
        self.assertEqual(set(found), {"gantry-native", "bare-runc", "bound"})
        for line in found.values():
            self.assertGreater(line["per_second"], 0, line)
        self.assertLessEqual(found["gantry-native"]["per_second"], found["gantry-native"]["answered_per_second"])
        self.assertIn("nobody.sock; --dockerd", said)
        self.assertIn("containerd: skipped: no --containerd-client", said)
        self.assertRegex(said, r"bare-runc +[0-9.]+ x1\n")
        self.assertRegex(said, r"bound: .*cgroups in .*memory|bound: .*cgroups in cgroup")

    def test_start_tells_latencies(self):
        found, _ = self.measure("start", "--count", "4", "--engines", "gantry-runc,bare-runc")
        for line in found.values():
            self.assertGreater(line["start_p50_ms"], 0)
            self.assertGreaterEqual(line["start_p99_ms"], line["start_p50_ms"])

    def test_hold_tells_memory(self):
        found, said = self.measure("hold", "--count", "4", "--in-flight", "2", "--engines", "gantry-native,bare-runc")
        line = found["gantry-native"]
        self.assertGreater(line["idle_pss_kb"], 0)
        self.assertGreaterEqual(line["processes"], 2)
        self.assertIn("bare-runc: skipped", said)

    def test_overload_tells_refusals(self):
        found, _ = self.measure("overload", "--factors", "20", "--max-creations", "1", "--engines", "gantry-native")
        line = found["gantry-native"]
        self.assertGreater(line["goodput"], 0)
        self.assertGreater(line["refused"], 0)
        self.assertEqual(line["answers"], {"429": line["refused"]})
        self.assertGreater(line["refusal_p99_ms"], 0)

    def test_live_and_fair_have_containers_beside(self):
        found, said = self.measure("live", "--live", "5", "--in-flight", "1")
        self.assertEqual(set(found), {"gantry-native", "bound"})
        self.assertEqual({line["live"] for line in found.values()}, {5})
        found, _ = self.measure("fair", "--heavy", "4", "--engines", "gantry-native")
        self.assertGreater(found["gantry-native"]["beside_done"], 0)
        self.assertGreater(found["gantry-native"]["heavy_per_second"], 0)

    def test_an_engine_that_nobody_knows_is_refused(self):
        done = subprocess.run([sys.executable, PEERS, "rate", "--bin", BIN, "--engines", "nosuch"], capture_output=True, text=True,
                              timeout=60 * PATIENCE)
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no engine nosuch", done.stderr)
