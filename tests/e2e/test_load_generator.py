"""gantry-load against a real engine: each scenario in both loops, what it reports, refusals, failures, its end by a signal."""
import csv
import io
import json
import os
import signal
import stat
import subprocess

from harness import BIN, PATIENCE, Case, wait_until


def command(daemon, image, *arguments):
    return [f"{BIN}/gantry-load", "--host", f"unix://{daemon.socket}", "--image", image, "--network", "none", *arguments]


class Generator(Case):
    def load(self, *arguments, code=0):
        """The JSON report of a run that must end with `code`."""
        done = subprocess.run(command(self.daemon, self.base, "--json", "-", *arguments), capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=120 * PATIENCE)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def begin(self, *arguments):
        return subprocess.Popen(command(self.daemon, self.base, "--json", "-", *arguments), text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def check_done(self, report, count, *stages):
        self.assertEqual(report["units"]["done"], count, report)
        self.assertEqual(report["failures"], {})
        self.assertEqual(report["leaked"] + report["left"], [])
        self.assertEqual({name: of["count"] for name, of in report["latency"].items()}, dict.fromkeys(stages, count))
        for of in report["latency"].values():
            figures = [of[f"{name}_ms"] for name in ("min", "p50", "p90", "p99", "p999", "max")]
            self.assertEqual(figures, sorted(figures))
        self.assertEqual(self.daemon.ids(), set())


class Scenarios(Generator):
    CHURN = ("create", "start", "create to start", "start to exit", "create to exit", "remove", "whole")
    HOLD = ("create", "start", "create to start", "remove", "whole")
    EXEC = ("create", "start", "create to start", "start to exit", "create to exit", "status", "whole")

    def test_churn(self):
        report = self.load("--count", "12", "--in-flight", "4", "churn")
        self.check_done(report, 12, *self.CHURN)
        self.assertEqual(report["units"]["peak_in_flight"], 4)
        self.assertEqual(report["engine"]["name"], "Gantry")
        # create to exit holds create and start, so it cannot be the shorter one.
        latency = report["latency"]
        self.assertGreaterEqual(latency["create to exit"]["min_ms"], latency["start"]["min_ms"])
        self.assertGreaterEqual(latency["create to start"]["min_ms"], latency["start"]["min_ms"])
        self.assertGreaterEqual(latency["whole"]["max_ms"], latency["create to exit"]["max_ms"])

    def test_churn_in_the_open_loop(self):
        report = self.load("--count", "12", "--rate", "50", "--seed", "4", "churn")
        self.check_done(report, 12, *self.CHURN)
        self.assertEqual(report["asked"]["loop"], "open")

    def test_churn_that_waits_after_the_start(self):
        self.check_done(self.load("--count", "6", "--wait", "not-running", "churn"), 6, *self.CHURN)

    def test_churn_for_a_time(self):
        report = self.load("--seconds", "1", "--in-flight", "2", "churn")
        self.check_done(report, report["units"]["begun"], *self.CHURN)

    def test_a_run_settles_when_its_folders_are_as_empty_as_before(self):
        kept = self.ok("run", "-d", self.base, "sleep", "1000").strip()
        folders = [f"{self.daemon.root}/snapshots", f"/sys/fs/cgroup/pids{self.daemon.cgroup_parent}"]
        snapshots = lambda: [one.name for one in os.scandir(folders[0]) if one.is_dir()]
        wait_until(lambda: len(snapshots()) == 1, 20, "earlier tests' snapshots to be gone")
        report = self.load("--count", "20", "--settle", ",".join(folders), "churn")
        self.assertEqual(report["failures"], {})
        self.assertGreaterEqual(report["settle_seconds"], 0)
        self.assertLessEqual(report["settled_per_second"], report["per_second"])
        self.assertEqual(len(snapshots()), 1)
        self.assertEqual(self.daemon.ids(), {kept})

    def test_hold(self):
        report = self.load("--count", "6", "--seconds", "0.2", "hold")
        self.check_done(report, 6, *self.HOLD)
        self.assertEqual(report["memory"]["containers"], 6)
        self.assertGreater(report["memory"]["held"]["descriptors"], report["memory"]["before"]["descriptors"])

    def test_hold_in_the_open_loop(self):
        self.check_done(self.load("--count", "6", "--rate", "50", "--seconds", "0.2", "hold"), 6, *self.HOLD)

    def test_exec(self):
        self.check_done(self.load("--count", "12", "--containers", "2", "exec", "--cmd", "sh -c 'echo out; exit 0'"), 12, *self.EXEC)

    def test_exec_in_the_open_loop(self):
        self.check_done(self.load("--count", "12", "--rate", "50", "exec"), 12, *self.EXEC)

    def test_the_engines_processes_are_sampled(self):
        used = self.load("--count", "8", "churn")["engine_usage"]
        self.assertGreaterEqual(used["start"]["processes"], 1 + len(self.daemon.monitors()))
        for figure in ("pss_kb", "threads", "descriptors"):
            self.assertGreaterEqual(used["peak"][figure], used["start"][figure])
            self.assertGreater(used["start"][figure], 0)
        self.assertNotIn("engine_usage", self.load("--count", "1", "--no-watch", "churn"))


class Troubles(Generator):
    def test_an_exit_status_that_is_not_expected_is_a_failure(self):
        report = self.load("--count", "3", "--cmd", "sh -c 'exit 3'", "churn", code=1)
        self.assertEqual(report["failures"], {"run: exit status 3": 3})
        self.assertEqual(self.daemon.ids(), set())
        report = self.load("--count", "3", "--cmd", "sh -c 'exit 3'", "--expect-exit", "3", "churn")
        self.assertEqual(report["units"]["done"], 3)
        report = self.load("--count", "3", "--cmd", "sh -c 'exit 4'", "exec", code=1)
        self.assertEqual(report["failures"], {"exec: exit status 4": 3})

    def test_a_missing_image_is_told_by_the_engines_words(self):
        report = self.load("--image", "nosuch", "--count", "2", "churn", code=1)
        kind, = report["failures"]
        self.assertTrue(kind.startswith("create: HTTP 404 No such image"), kind)

    def test_a_command_that_cannot_be_run_leaves_nothing(self):
        self.load("--count", "2", "--cmd", "/nosuch", "churn", code=1)
        self.assertEqual(self.daemon.ids(), set())

    def test_a_container_that_takes_too_long_is_removed(self):
        report = self.load("--count", "2", "--timeout", "2", "--cmd", "sleep 1000", "churn", code=1)
        self.assertEqual(report["failures"], {"wait: timeout": 2})
        self.assertEqual(self.daemon.ids(), set())

    def test_what_is_left_over_is_a_leak_and_removed(self):
        body = {"Image": self.base, "Cmd": ["true"], "Labels": {"gantry-load": "mine"}}
        status, left = self.daemon.api("POST", "/containers/create", body)
        other = self.ok("create", "--label", "gantry-load=other", self.base, "true").strip()
        self.assertEqual(status, 201)
        report = self.load("--count", "2", "--run-id", "mine", "churn", code=1)
        self.assertEqual((report["leaked"], report["left"]), ([left["Id"]], []))
        self.assertEqual(self.daemon.ids(), {other})

    def processes(self):
        """How many run in all containers, execs included."""
        found = [self.daemon.api("GET", f"/containers/{one}/top") for one in self.ok("ps", "-q").split()]
        return sum(len(document["Processes"]) for status, document in found if status == 200)

    def interrupted(self, *arguments, running):
        client = self.begin(*arguments)
        wait_until(lambda: self.processes() >= running, 60, f"{running} processes")
        client.send_signal(signal.SIGINT)
        report = json.loads(client.communicate(timeout=60 * PATIENCE)[0])
        self.assertTrue(report["interrupted"])
        self.assertEqual((client.returncode, report["left"], report["failures"]), (0, [], {}))
        self.assertEqual(self.daemon.ids(), set())

    def test_interrupted_it_removes_what_it_made(self):
        self.interrupted("--count", "100", "--in-flight", "4", "--cmd", "sleep 1000", "churn", running=4)
        self.interrupted("--count", "5", "--seconds", "1000", "hold", running=5)
        self.interrupted("--count", "100", "--containers", "2", "--in-flight", "4", "--cmd", "sleep 1000", "exec", running=6)

    def test_no_engine_is_a_failure_and_no_sense_is_wrong_usage(self):
        run = lambda *arguments: subprocess.run([f"{BIN}/gantry-load", *arguments], capture_output=True, text=True)
        nobody = run("--host", f"unix://{self.daemon.folder}/nobody.sock", "--image", "i", "--count", "1", "churn")
        self.assertEqual(nobody.returncode, 1)
        self.assertIn("nobody.sock", nobody.stderr)
        self.assertEqual(run("--image", "i", "churn").returncode, 2)
        self.assertEqual(run("--help").returncode, 0)

    def test_a_device_that_results_go_to_stays_one(self):
        device = f"{self.daemon.folder}/device"
        os.mknod(device, 0o600 | stat.S_IFCHR, os.makedev(1, 3))  # as /dev/null
        subprocess.run(command(self.daemon, self.base, "--count", "1", "--json", device, "churn"), check=True, timeout=60 * PATIENCE,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.assertTrue(stat.S_ISCHR(os.stat(device).st_mode))

    def test_files_of_results_stand_beside_the_table(self):
        names = {kind: f"{self.daemon.folder}/result.{kind}" for kind in ("json", "csv")}
        done = subprocess.run(command(self.daemon, self.base, "--count", "3", "--json", names["json"], "--csv", names["csv"],
                                      "churn"), capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("3 done in", done.stdout)
        with open(names["json"]) as file:
            self.assertTrue(json.load(file)["fine"])
        with open(names["csv"]) as file:
            rows = {row["stage"]: row for row in csv.DictReader(io.StringIO(file.read()))}
        self.assertEqual(rows["whole"]["count"], "3")


class Refused(Generator):
    flags = ("--max-creations", "2")

    def test_refusals_are_no_failures(self):
        report = self.load("--count", "40", "--in-flight", "20", "churn")
        units = report["units"]
        self.assertEqual(units["done"] + units["refused"], 40)
        self.assertEqual(report["refusals"]["count"], units["refused"])
        self.assertEqual(report["answers"], {"429": units["refused"]} if units["refused"] else {})
        self.assertGreater(units["done"], 0)

    def test_asked_again_all_are_done(self):
        report = self.load("--count", "12", "--in-flight", "6", "--retry-429", "churn")
        self.assertEqual((report["units"]["done"], report["units"]["refused"]), (12, 0))

    def test_arrivals_over_the_bound_are_shed(self):
        report = self.load("--count", "60", "--rate", "1000", "--max-in-flight", "2", "churn")
        units = report["units"]
        self.assertEqual(units["done"] + units["refused"] + units["shed"], 60)
        self.assertGreater(units["shed"], 0)
        self.assertLessEqual(units["peak_in_flight"], 2)
