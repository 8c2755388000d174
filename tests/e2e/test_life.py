"""The life of a container: state machine, logs, exec, attach, restart policies, events, errors that leave no harm."""
import json
import os
import signal
import subprocess
import threading
import time

from harness import RUNTIME, Case, wait_until


class Life(Case):
    def sleeper(self, name, *options, command=("sleep", "1000")):
        return self.ok("run", "-d", "--name", name, *options, self.base, *command).strip()

    def test_states_one_after_the_other(self):
        name = self.ok("create", "--name", "aa", self.base, "sleep", "1000").strip()
        self.assertEqual(self.daemon.state("aa")["Status"], "created")
        self.ok("start", "aa")
        self.assertEqual(self.daemon.state(name)["Status"], "running")
        self.ok("pause", "aa")
        self.assertEqual(self.daemon.state("aa")["Status"], "paused")
        self.ok("unpause", "aa")
        self.ok("kill", "aa")
        self.assertEqual(self.ok("wait", "aa").strip(), "137")
        self.assertEqual(self.daemon.state("aa")["ExitCode"], 137)
        self.ok("start", "aa")
        self.assertTrue(self.daemon.state("aa")["Running"])
        self.ok("rm", "-f", "aa")
        self.refused("aa", "inspect", "aa")

    def test_wrong_moves_are_errors_without_harm(self):
        self.sleeper("bb")
        self.assertEqual(self.daemon.api("POST", "/containers/bb/start")[0], 304)
        self.assertEqual(self.daemon.api("DELETE", "/containers/bb")[0], 409)
        self.assertEqual(self.daemon.api("POST", "/containers/bb/kill?signal=NOSUCH")[0], 400)
        self.assertIn(self.daemon.api("POST", "/containers/bb/unpause")[0], (409, 500))
        self.assertEqual(self.daemon.api("POST", "/containers/none/start")[0], 404)
        self.assertTrue(self.daemon.state("bb")["Running"])
        self.ok("stop", "-t", "0", "bb")
        self.assertEqual(self.daemon.api("POST", "/containers/bb/stop")[0], 304)
        self.assertEqual(self.daemon.api("POST", "/containers/bb/kill")[0], 409)
        self.assertEqual(self.daemon.api("POST", "/containers/bb/pause")[0], 409)
        self.refused("is already in use", "create", "--name", "bb", self.base)

    def test_stop_asks_then_kills(self):
        trap = "trap 'echo told; exit 3' TERM; echo ready; while true; do sleep 0.1; done"
        self.sleeper("polite", command=("sh", "-c", trap))
        wait_until(lambda: "ready" in self.ok("logs", "polite"))
        self.ok("stop", "polite")
        self.assertEqual(self.daemon.state("polite")["ExitCode"], 3)
        self.assertIn("told", self.ok("logs", "polite"))
        self.sleeper("deaf", command=("sh", "-c", "trap '' TERM; echo ready; while true; do sleep 0.1; done"))
        wait_until(lambda: "ready" in self.ok("logs", "deaf"))
        self.ok("stop", "-t", "1", "deaf")
        self.assertEqual(self.daemon.state("deaf")["ExitCode"], 137)

    def test_one_that_ends_is_removed_by_force_all_the_same(self):
        def remove(n):
            for round in range(15):
                status, made = self.daemon.api("POST", "/containers/create", {"Image": self.base, "Cmd": ["true"]})
                self.assertEqual(self.daemon.api("POST", f"/containers/{made['Id']}/start")[0], 204)
                time.sleep(0.0005 * n)
                told.append(self.daemon.api("DELETE", f"/containers/{made['Id']}?force=1"))
        told = []
        threads = [threading.Thread(target=remove, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([(status, said) for status, said in told if status != 204], [])
        self.assertEqual(len(told), 15 * 8)

    def test_a_paused_container_is_killed_and_removed(self):
        for command in (("kill", "frozen"), ("stop", "-t", "1", "frozen"), ("rm", "-f", "frozen")):
            with self.subTest(command[0]):
                self.sleeper("frozen")
                self.ok("pause", "frozen")
                self.ok(*command)
                if command[0] != "rm":
                    self.assertEqual(self.daemon.state("frozen")["Status"], "exited")
                    self.ok("rm", "frozen")
                self.refused("frozen", "inspect", "frozen")

    def test_logs_are_complete_after_wait(self):
        self.ok("run", "-d", "--name", "talker", self.base, "sh", "-c", "seq 1 5000; echo error >&2; printf no-newline")
        self.ok("wait", "talker")
        done = self.gantry("logs", "talker")
        self.assertEqual(done.stdout, "".join(f"{n}\n" for n in range(1, 5001)) + "no-newline")
        self.assertEqual(done.stderr, "error\n")
        self.assertEqual(self.ok("logs", "--tail", "2", "talker").split()[-1], "no-newline")
        self.assertRegex(self.ok("logs", "-t", "--tail", "1", "talker"), r"^\d{4}-\d\d-\d\dT")

    def test_following_logs_ends_with_the_container(self):
        self.sleeper("slow", command=("sh", "-c", "for n in 1 2 3 4 5; do echo $n; sleep 0.2; done"))
        self.assertEqual(self.ok("logs", "-f", "slow"), "1\n2\n3\n4\n5\n")

    def test_log_files_turn_over(self):
        self.ok("run", "--name", "much", "--log-opt", "max-size=10k", "--log-opt", "max-file=3", self.base, "seq", "1", "5000")
        kept = self.ok("logs", "much").split()
        self.assertEqual(kept[-1], "5000")
        self.assertLess(len(kept), 5000)
        self.assertEqual(kept, [str(n) for n in range(int(kept[0]), 5001)])

    def test_inspect_and_info_say_which_launcher_made_what(self):
        self.sleeper("made")
        launcher = self.daemon.inspect("made")["Launcher"]
        self.assertEqual(os.path.basename(launcher), RUNTIME or "native")
        self.assertGreaterEqual(self.daemon.api("GET", "/info")[1]["Launchers"][launcher], 1)

    def test_exec(self):
        self.sleeper("ex", "-e", "FROM=run")
        self.assertEqual(self.ok("exec", "ex", "sh", "-c", "echo $FROM"), "run\n")
        self.assertEqual(self.gantry("exec", "ex", "sh", "-c", "exit 9").returncode, 9)
        self.assertEqual(self.ok("exec", "-i", "ex", "cat", input="through"), "through")
        self.assertIn("uid=1000", self.ok("exec", "-u", "user", "-w", "/data", "ex", "id"))
        self.assertIn(self.gantry("exec", "ex", "/no-such").returncode, (126, 127))
        self.ok("stop", "-t", "0", "ex")
        self.refused("not running", "exec", "ex", "true")

    def test_attach_and_detach_leave_it_running(self):
        self.ok("run", "-d", "-i", "--name", "att", self.base, "sh", "-c", "while read line; do echo got $line; done")
        client = self.daemon.begin("attach", "--sig-proxy=false", "att", stdin=subprocess.PIPE)
        client.stdin.write("hello\n")
        client.stdin.flush()
        self.assertEqual(client.stdout.readline(), "got hello\n")
        client.stdin.close()  # the client has no more to say; the container's stdin is not this client's to end
        client.stdin = None
        time.sleep(0.5)
        self.assertTrue(self.daemon.state("att")["Running"])
        client.kill()
        client.communicate()
        self.assertTrue(self.daemon.state("att")["Running"])

    def test_signals_of_the_client_reach_the_process(self):
        client = self.daemon.begin("run", "--rm", "--name", "sig", self.base, "sh", "-c",
                                   "trap 'echo hup; exit 5' HUP; echo ready; while true; do sleep 0.1; done")
        self.assertEqual(client.stdout.readline(), "ready\n")
        client.send_signal(signal.SIGHUP)
        out, _ = client.communicate(timeout=60)
        self.assertEqual((out, client.returncode), ("hup\n", 5))

    def test_a_client_that_goes_away_takes_nothing_with_it(self):
        client = self.daemon.begin("run", "--name", "orphan", self.base, "sh", "-c", "echo ready; sleep 1000")
        self.assertEqual(client.stdout.readline(), "ready\n")
        client.kill()
        client.communicate()
        self.assertTrue(self.daemon.state("orphan")["Running"])

    def test_restart_policies(self):
        self.sleeper("again", "--restart", "on-failure:2", command=("sh", "-c", "exit 4"))
        wait_until(lambda: self.daemon.inspect("again")["RestartCount"] == 2 and not self.daemon.state("again")["Running"], 30)

    def test_always_comes_back_when_its_process_dies(self):
        self.sleeper("phoenix", "--restart", "always")
        first = self.daemon.state("phoenix")["Pid"]
        subprocess.run(["kill", "-9", str(first)], check=True)
        wait_until(lambda: self.daemon.state("phoenix")["Pid"] not in (0, first), 30, "a new process")
        self.ok("stop", "-t", "0", "phoenix")
        self.assertEqual(self.daemon.state("phoenix")["Status"], "exited")

    def test_lists_filters_and_formats(self):
        self.sleeper("one", "--label", "role=a")
        self.ok("create", "--name", "two", "--label", "role=b", self.base)
        self.assertEqual(self.ok("ps", "--format", "{{.Names}}"), "one\n")
        self.assertEqual(set(self.ok("ps", "-a", "--format", "{{.Names}}").split()), {"one", "two"})
        self.assertEqual(self.ok("ps", "-a", "--filter", "label=role=b", "--format", "{{.Names}}"), "two\n")
        self.assertEqual(self.ok("inspect", "--format", "{{.Config.Labels.role}}", "two"), "b\n")

    def test_events_tell_the_story(self):
        import time
        since = str(int(time.time()))
        self.run_ok("--name", "story", "--", "true")
        text = self.ok("events", "--since", since, "--until", str(int(time.time()) + 1), "--filter", "container=story",
                       "--format", "{{json .}}")
        actions = [json.loads(line)["Action"] for line in text.split("\n") if line]
        for earlier, later in zip(("create", "start", "die"), ("start", "die", "destroy")):
            self.assertLess(actions.index(earlier), actions.index(later), actions)

    def test_malformed_requests_are_told_why(self):
        status, said = self.daemon.api("POST", "/containers/create", None, headers={"Content-Type": "application/json"})
        self.assertEqual(status, 400)
        status, said = self.daemon.api("POST", "/containers/create", {"Image": 5})
        self.assertEqual(status, 400)
        self.assertTrue(said["message"])
        self.assertEqual(self.daemon.api("GET", "/no/such/path")[0], 404)
        self.assertEqual(self.daemon.api("POST", "/containers/create", {"Image": "127.0.0.1:1/none:x"})[0], 404)

    def test_versions_and_ping(self):
        self.assertEqual(self.daemon.api("GET", "/_ping"), (200, "OK"))
        self.assertEqual(self.daemon.api("GET", "/v1.41/version")[0], 200)
        self.assertIn("ApiVersion", self.daemon.api("GET", "/version")[1])
        self.assertIn("Version", self.ok("version"))
        self.ok("info")
