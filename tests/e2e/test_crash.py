"""kill -9 of the engine and of monitors at bad moments: what comes back is whole, or it is gone."""
import os
import random
import signal
import threading
import time

from harness import SLOW, Case, ScriptedRegistry, images, wait_until


class Crash(Case):
    def restart(self):
        self.daemon.kill9()
        self.daemon.start()

    def test_logs_and_exits_go_on_while_there_is_no_engine(self):
        count = "for n in 1 2 3 4 5 6 7 8 9 10; do echo line $n; sleep 0.2; done; exit 5"
        self.ok("run", "-d", "--name", "talks", self.base, "sh", "-c", count)
        self.ok("run", "-d", "--name", "stays", self.base, "sleep", "1000")
        pid = self.daemon.state("stays")["Pid"]
        wait_until(lambda: "line 1" in self.ok("logs", "talks"))
        talks = self.daemon.state("talks")["Pid"]
        self.daemon.kill9()
        wait_until(lambda: not os.path.exists(f"/proc/{talks}"), 20, "the container to end meanwhile")
        self.daemon.start()
        self.assertEqual(self.ok("wait", "talks").strip(), "5")
        self.assertEqual(self.ok("logs", "talks"), "".join(f"line {n}\n" for n in range(1, 11)))
        self.assertEqual(self.daemon.state("stays")["Pid"], pid)
        self.assertEqual(self.ok("exec", "stays", "echo", "alive"), "alive\n")
        self.ok("stop", "-t", "0", "stays")
        self.assertEqual(self.daemon.state("stays")["ExitCode"], 137)

    def test_attached_again_after_the_engine(self):
        self.ok("run", "-d", "-i", "--name", "asks", self.base, "sh", "-c", "while read l; do echo got $l; done")
        self.restart()
        client = self.daemon.begin("attach", "asks", stdin=-1)
        client.stdin.write("x\n")
        client.stdin.flush()
        self.assertEqual(client.stdout.readline(), "got x\n")
        client.kill()
        client.communicate()

    def test_many_creations_and_a_pull_are_cut_off(self):
        registry = ScriptedRegistry({"big": images.bulky_image(3, 3 << 20)}, rate=1 << 20)
        self.addCleanup(registry.close)
        name = f"{registry.address}/big:latest"
        pull = self.daemon.begin("pull", name)
        told, lock, many = {}, threading.Lock(), 60 if SLOW else 200

        def create(n):
            try:
                status, said = self.daemon.api("POST", f"/containers/create?name=c{n}",
                                               {"Image": self.base, "Cmd": ["sh", "-c", f"exit {n % 100}"]})
                if status != 201:
                    return
                with lock:
                    told[said["Id"]] = n
                self.daemon.api("POST", f"/containers/{said['Id']}/start")
            except (OSError, ValueError):
                pass
            except Exception as error:  # http.client's: the peer died
                del error

        wait_until(lambda: any("/blobs/" in path for path, _ in registry.requests), what="the download to begin")
        crowd = [threading.Thread(target=create, args=(n,)) for n in range(many)]
        for one in crowd:
            one.start()
        wait_until(lambda: len(told) > many // 4, 120, "a quarter of the creations")
        ingest = f"{self.daemon.root}/ingest"
        wait_until(lambda: any(entry.stat().st_size > 0 for entry in os.scandir(ingest)), 20, "bytes of a layer on disk")
        self.daemon.kill9()
        for one in crowd:
            one.join()
        pull.communicate()
        registry.rate = 0
        registry.requests.clear()
        self.daemon.start()
        self.check_containers(told)
        self.check_pull(registry, name)

    def check_containers(self, told):
        listed = {c["Id"]: c for c in self.daemon.api("GET", "/containers/json?all=1")[1]}
        for one in told:
            self.assertIn(one, listed, "a creation that was answered is gone")
        for one, summary in listed.items():
            number = int(summary["Names"][0].removeprefix("/c"))
            if summary["State"] == "created":  # whole: its start was cut off, or never asked for
                self.assertEqual(self.daemon.api("POST", f"/containers/{one}/start"), (204, ""), summary)
            status, said = self.daemon.api("POST", f"/containers/{one}/wait")
            self.assertEqual((status, said["StatusCode"]), (200, number % 100), summary)
        self.daemon.remove_all()
        folder = f"{self.daemon.root}/containers/docker"
        wait_until(lambda: not os.path.isdir(folder) or not os.listdir(folder), 30, "the folders of removed containers to go")

    def check_pull(self, registry, name):
        self.ok("pull", name)
        resumed = [start for path, start in registry.requests if "/blobs/" in path and start]
        self.assertTrue(resumed, f"nothing was resumed: {registry.requests}")
        self.ok("run", "--rm", name, "ls", "/bulk0", "/bulk2")
        self.ok("rmi", name)

    def test_a_monitor_s_death_leaves_its_containers(self):
        names = [f"m{n}" for n in range(6)]
        for name in names:
            self.ok("run", "-d", "--name", name, self.base, "sh", "-c", "while true; do echo tick; sleep 0.2; done")
        pids = {name: self.daemon.state(name)["Pid"] for name in names}
        victim = random.choice(self.daemon.monitors())
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: victim not in self.daemon.monitors())
        time.sleep(1)  # the containers' chance to die of it
        for name, pid in pids.items():
            self.assertTrue(os.path.exists(f"/proc/{pid}"), f"{name} died with its monitor")
        wait_until(lambda: all(self.daemon.state(name)["Status"] == "running" for name in names), 30, "all to be known as running")
        for name in names:
            self.ok("stop", "-t", "0", name, timeout=60)
            self.assertFalse(self.daemon.state(name)["Running"])
        self.assertEqual(self.run_ok("--", "echo", "new one"), "new one\n")

    def test_an_orderly_end_leaves_containers_running(self):
        self.ok("run", "-d", "--name", "stays", self.base, "sleep", "1000")
        pid = self.daemon.state("stays")["Pid"]
        self.assertEqual(self.daemon.stop(), 0)
        self.assertTrue(os.path.exists(f"/proc/{pid}"))
        self.daemon.start()
        self.assertEqual(self.daemon.state("stays")["Pid"], pid)

    def test_a_container_killed_while_nobody_looked(self):
        self.ok("run", "-d", "--name", "victim", self.base, "sleep", "1000")
        pid = self.daemon.state("victim")["Pid"]
        self.daemon.kill9()
        os.kill(pid, signal.SIGKILL)
        self.daemon.start()
        self.assertEqual(self.ok("wait", "victim").strip(), "137")
