"""Pods as the engine keeps them: real namespaces, real CNI plugins, real runtime; without the CRI door (pods/)."""
import json
import os
import queue
import random
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from harness import BIN, PATIENCE, Session

PROGRAM = f"{BIN}/gantry-pod-steps"
SUBNET = "10.213.7"


class Failed(Exception):
    pass


class Steps:
    """One engine, by its standard input and output."""

    def __init__(self, folder, cgroup_parent, cni, runtime):
        self.child = subprocess.Popen([PROGRAM, folder, cgroup_parent, cni, runtime], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True, bufsize=1)
        self.answers, self.lock, self.next = {}, threading.Lock(), 0
        first = self.child.stdout.readline().strip()
        if first != "- ready":
            raise Failed(first)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.child.stdout:
            tag, _, rest = line.rstrip("\n").partition(" ")
            if tag in self.answers:
                self.answers[tag].put(rest)
        for waiting in list(self.answers.values()):
            waiting.put(None)

    def send(self, *words):
        with self.lock:
            self.next += 1
            tag = f"t{self.next}"
            self.answers[tag] = queue.Queue()
            self.child.stdin.write(" ".join((tag, *words)) + "\n")
            self.child.stdin.flush()
        return tag

    def answer(self, tag):
        said = self.answers[tag].get(timeout=120 * PATIENCE)
        if said is None:
            raise Failed("the engine is gone")
        code, _, rest = said.partition(" ")
        if code != "ok":
            raise Failed(said)
        return rest.strip()

    def ask(self, *words):
        return self.answer(self.send(*words))

    def pods(self):
        rows = (one.split("=") for one in self.ask("pods").split())
        return {row[0]: dict(name=row[1], ready=row[2] == "1", address=row[3], netns=row[4]) for row in rows}

    def containers(self):
        rows = (one.split("=") for one in self.ask("containers").split())
        return {row[0]: dict(pod=row[1], state=row[2], code=int(row[3])) for row in rows}

    def kill(self):
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()
        self.child.stdin.close()
        self.child.stdout.close()

    def end(self):
        self.child.stdin.close()
        self.child.wait(timeout=60 * PATIENCE)
        self.child.stdout.close()


class Pods(unittest.TestCase):
    def setUp(self):
        self.session = Session.current
        self.folder = tempfile.mkdtemp(prefix="p", dir=self.session.folder)
        self.bridge = f"gp{os.getpid() % 100000}"
        self.leases = f"{self.folder}/ipam"
        self.cni = f"{self.folder}/net.d"
        os.mkdir(self.cni)
        with open(f"{self.cni}/10-test.conflist", "w", encoding="utf-8") as file:
            json.dump({"cniVersion": "1.0.0", "name": self.bridge, "plugins": [
                {"type": "bridge", "bridge": self.bridge, "isGateway": True, "ipMasq": False,
                 "ipam": {"type": "host-local", "dataDir": self.leases, "routes": [{"dst": "0.0.0.0/0"}],
                          "ranges": [[{"subnet": f"{SUBNET}.0/24"}]]}}]}, file)
        self.parent = f"/{os.path.basename(self.session.folder)}-pods"
        self.steps = self.start()
        self.addCleanup(self.tear_down)
        self.steps.ask("pull", self.session.base)

    def start(self):
        return Steps(self.folder, self.parent, self.cni, os.environ.get("GANTRY_TEST_RUNTIME", "native"))

    def tear_down(self):
        if self.steps.child.poll() is None:
            for pod in self.steps.pods():
                self.steps.ask("remove", pod)
            self.steps.end()
        subprocess.run(["ip", "link", "delete", self.bridge], capture_output=True, check=False)

    def crash(self):
        self.steps.kill()
        self.steps = self.start()

    def leased(self):
        folder = f"{self.leases}/{self.bridge}"
        names = os.listdir(folder) if os.path.isdir(folder) else []
        return sorted(name for name in names if name.startswith(SUBNET))

    def veths(self):
        said = subprocess.run(["ip", "-j", "link", "show", "master", self.bridge], capture_output=True, text=True,
                              check=False).stdout
        return [one["ifname"] for one in json.loads(said or "[]")]

    def container(self, pod, name, *command):
        return self.steps.ask("create", pod, name, self.session.base, *command)

    def wait_for(self, container, state):
        for _ in range(int(300 * PATIENCE)):
            row = self.steps.containers()[container]
            if row["state"] == state:
                return row
            time.sleep(0.1)
        self.fail(f"{container} is {row}")

    def inside(self, pod, *command):
        return subprocess.run(["nsenter", f"--net={self.steps.pods()[pod]['netns']}", *command], capture_output=True,
                              text=True, check=True).stdout

    def test_containers_of_a_pod_share_its_network(self):
        pod = self.steps.ask("run", "web")
        address = self.steps.pods()[pod]["address"]
        self.assertTrue(address.startswith(SUBNET))
        self.assertIn(address, self.inside(pod, "ip", "-4", "-o", "address"))
        first = self.container(pod, "first", "sleep", "1000")
        second = self.container(pod, "second", "sleep", "1000")
        for one in (first, second):
            self.steps.ask("start", one)
            self.wait_for(one, "running")
        self.steps.ask("stop", pod)
        self.assertEqual(self.leased(), [])
        self.assertEqual(self.veths(), [])
        self.assertEqual({one["state"] for one in self.steps.containers().values()}, {"exited"})
        self.steps.ask("remove", pod)
        self.assertEqual(self.steps.containers(), {})
        self.assertEqual(self.steps.pods(), {})

    def test_a_killed_engine_finds_its_pods_and_goes_on(self):
        pod, on_node = self.steps.ask("run", "web"), self.steps.ask("run", "agent", "node")
        one = self.container(pod, "app", "sleep", "1000")
        self.steps.ask("start", one)
        before = self.steps.pods()
        self.crash()
        self.assertEqual(self.steps.pods(), before)
        self.assertEqual(self.steps.containers()[one]["state"], "running")
        self.assertEqual(self.steps.ask("run", "web"), pod)
        self.assertEqual(self.container(pod, "app"), one)
        second = self.container(pod, "second", "sleep", "1000")
        self.steps.ask("start", second)
        self.steps.ask("remove", pod)
        self.steps.ask("remove", on_node)
        self.assertEqual(self.leased(), [])

    def test_a_pod_without_containers_outlives_the_engines_end(self):
        pod = self.steps.ask("run", "web")
        self.steps.end()
        self.steps = self.start()
        self.assertTrue(self.steps.pods()[pod]["ready"])
        self.inside(pod, "ip", "link", "show", "eth0")

    def test_killed_at_any_point_a_retry_succeeds_and_no_address_is_leaked(self):
        dice = random.Random(7)
        for turn in range(12):
            tags = [self.steps.send("run", f"pod{turn}-{n}") for n in range(4)]
            time.sleep(dice.uniform(0, 0.4))
            self.crash()
            pods = [self.steps.ask("run", f"pod{turn}-{n}") for n in range(4)]
            self.assertEqual(len(self.leased()), len(self.steps.pods()), tags)
            for pod in pods:
                self.steps.send("remove", pod)
            time.sleep(dice.uniform(0, 0.4))
            self.crash()
            for pod in pods:
                self.steps.ask("remove", pod)
            self.assertEqual(self.steps.pods(), {})
            self.assertEqual(self.leased(), [])
            self.assertEqual(self.veths(), [])

    def test_many_at_once(self):
        tags = [self.steps.send("run", f"pod{n}") for n in range(60)]
        pods = [self.steps.answer(tag) for tag in tags]
        self.assertEqual(len(set(pods)), 60)
        self.assertEqual(len(set(self.leased())), 60)
        for tag in [self.steps.send("remove", pod) for pod in pods]:
            self.steps.answer(tag)
        self.assertEqual(self.leased(), [])
        self.assertEqual(self.veths(), [])


if __name__ == "__main__":
    unittest.main()
