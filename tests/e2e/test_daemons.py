"""Daemons side by side, and the one that the command line starts by itself."""
import os
import re
import subprocess
import unittest

import host
from harness import BIN, PATIENCE, Session, wait_until


class SideBySide(unittest.TestCase):
    def test_two_daemons_do_not_see_each_other(self):
        session = Session.current
        one, two = session.daemon().start(), session.daemon().start()
        self.addCleanup(two.close)
        self.addCleanup(one.close)
        for daemon in (one, two):
            daemon.ok("pull", "-q", session.base)
            daemon.ok("run", "-d", "--name", "same-name", session.base, "sleep", "1000")
            self.assertEqual(len(daemon.ids()), 1)
        addresses = {d.inspect("same-name")["NetworkSettings"]["IPAddress"] for d in (one, two)}
        self.assertNotIn("", addresses)
        one.ok("rm", "-f", "same-name")
        self.assertEqual(two.ok("exec", "same-name", "echo", "still here"), "still here\n")
        one.ok("rmi", session.base)
        self.assertEqual(two.ok("run", "--rm", session.base, "echo", "whole"), "whole\n")

    def test_at_rest_it_holds_no_code_that_only_work_needed(self):
        session = Session.current
        one = session.daemon().start()
        self.addCleanup(one.close)
        one.ok("run", "--rm", session.base, "true")

        def of_files():
            said = host.read(f"/proc/{one.process.pid}/smaps_rollup")
            return int(re.search(r"^Pss_File:\s+(\d+)", said, re.M)[1])
        worked = of_files()
        wait_until(lambda: of_files() < worked / 2, what="pages of code to be given back")
        one.ok("run", "--rm", session.base, "true")

    def test_actors_interrupt_nobody_and_containers_are_as_any_process(self):
        one = Session.current.daemon().start()
        self.addCleanup(one.close)
        one.ok("run", "-d", "--name", "sleeper", Session.current.base, "sleep", "1000")

        def policies(pid):
            return {host.read(f"/proc/{pid}/task/{thread}/comm").rstrip("\n"): os.sched_getscheduler(int(thread))
                    for thread in os.listdir(f"/proc/{pid}/task")}
        ours, container = policies(one.process.pid), one.inspect("sleeper")["State"]["Pid"]
        for thread in ("caf.multiplexer", "metadata", "launcher"):
            self.assertEqual(ours[thread], os.SCHED_BATCH, thread)
        self.assertEqual(ours["docker door"], os.SCHED_OTHER)
        self.assertEqual(policies(container), {"sleep": os.SCHED_OTHER})
        monitor = re.search(r"^PPid:\s+(\d+)", host.read(f"/proc/{container}/status"), re.M)[1]
        self.assertEqual(set(policies(monitor).values()), {os.SCHED_OTHER})

    def test_a_second_daemon_on_the_same_folders_is_refused(self):
        session = Session.current
        one = session.daemon().start()
        self.addCleanup(one.close)
        second = subprocess.run([f"{BIN}/gantryd", "--root", one.root, "--run-dir", one.run_dir, "--host",
                                 f"unix://{one.folder}/second.sock", "--config", f"{one.folder}/gantry.toml"],
                                capture_output=True, text=True, timeout=60 * PATIENCE)
        self.assertNotEqual(second.returncode, 0)
        self.assertTrue(second.stderr.strip())
        self.assertEqual(one.api("GET", "/_ping")[0], 200)


class NoSetUp(unittest.TestCase):
    def daemons(self, daemon):
        return [pid for pid, line in host.processes_with(daemon.folder).items() if re.match(r"\S*/gantryd ", line)]

    def test_twenty_at_once_start_one_daemon(self):
        session = Session.current
        daemon = session.daemon()
        self.addCleanup(self.end, daemon)
        clients = [daemon.begin("run", "--rm", "--network", "none", session.base, "echo", str(n)) for n in range(20)]
        done = [client.communicate(timeout=300) for client in clients]
        self.assertEqual(sorted(out for out, _ in done), sorted(f"{n}\n" for n in range(20)), done)
        self.assertEqual(len(self.daemons(daemon)), 1)

    def end(self, daemon):
        for pid in self.daemons(daemon):
            os.kill(pid, 15)
        wait_until(lambda: not self.daemons(daemon), 40, "the daemon to end")

    def test_an_idle_daemon_ends_and_one_with_containers_stays(self):
        session = Session.current
        daemon = session.daemon("--idle-exit", "1s").start()
        self.addCleanup(daemon.close)
        daemon.ok("pull", "-q", session.base)
        name = daemon.ok("run", "-d", session.base, "sleep", "3").strip()
        daemon.ok("wait", name)
        self.assertIsNone(daemon.process.poll())
        daemon.ok("rm", name)
        daemon.end_is_wanted = True
        daemon.process.wait(30 * PATIENCE)
        self.assertEqual(daemon.process.returncode, 0)

    def test_others_than_root_are_refused_in_words(self):
        done = subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", f"{BIN}/gantry", "--host",
                               "unix:///tmp/gantry-e2e-nobody/gantry.sock", "ps"], capture_output=True, text=True)
        if done.returncode in (126, 127) or "Permission denied" in done.stderr and "setpriv" in done.stderr:
            self.skipTest("the build folder is not readable by others")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("root", done.stderr)

    def test_an_unknown_key_of_the_configuration_is_an_error(self):
        daemon = Session.current.daemon(no_such_key="x")
        done = subprocess.run([f"{BIN}/gantryd", "--config", f"{daemon.folder}/gantry.toml", "--root", daemon.root, "--run-dir",
                               daemon.run_dir], capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no_such_key", done.stderr)
