"""crictl, command by command: the one in PATH, or that $GANTRY_CRICTL names. Debian has none: skipped without it."""
import itertools
import json
import os
import select
import shutil
import socket
import subprocess
import unittest
import uuid

from cri_case import OverTls, OwnNetwork, PodCase
from harness import PATIENCE, wait_until

CRICTL = os.environ.get("GANTRY_CRICTL") or shutil.which("crictl")


@unittest.skipUnless(CRICTL, "no crictl in PATH, and $GANTRY_CRICTL names none")
class CrictlCase(OwnNetwork, PodCase):
    bridge, subnet = f"gk{os.getpid() % 100000}", "10.214.12"

    def tearDown(self):
        for pod in self.cri("ListPodSandbox").get("items", []):
            self.cri("RemovePodSandbox", {"pod_sandbox_id": pod["id"]})
        super().tearDown()

    def run_it(self, *arguments, **options):
        options = {"timeout": 60 * PATIENCE, "capture_output": True, "text": True, "check": False, **options}
        return subprocess.run(self.line(*arguments), **options)

    def line(self, *arguments):
        return [CRICTL, "-t", "30s", "-r", f"unix://{self.socket}", *arguments]

    def ok(self, *arguments, **options):
        done = self.run_it(*arguments, **options)
        self.assertEqual(done.returncode, 0, f"crictl {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    def file(self, name, content):
        path = f"{self.daemon.folder}/{name}-{uuid.uuid4()}.json"
        with open(path, "w", encoding="utf-8") as file:
            json.dump(content, file)
        return path

    def pod_file(self, name="pod"):
        config = self.config(name)
        config["linux"]["security_context"]["namespace_options"] = {"network": 0, "pid": 1}  # crictl takes numbers alone
        return self.file("pod", config)

    def container_file(self, *command, **more):
        return self.file("container", {"metadata": {"name": "main"}, "image": {"image": self.base}, "command": list(command),
                                       "log_path": "main.log", "linux": {}, **more})

    def running(self, *command, **more):
        """(pod, container) made by runp, create and start."""
        pod_file = self.pod_file()
        pod = self.ok("runp", pod_file)
        made = self.ok("create", pod, self.container_file(*command, **more), pod_file)
        self.ok("start", made)
        return pod, made


class Crictl(CrictlCase):
    def test_what_it_says_of_the_runtime(self):
        self.assertIn("RuntimeName:  gantry", self.ok("version"))
        self.assertIn("RuntimeReady", self.ok("info"))
        self.assertIn("cgroup", self.ok("runtime-config").lower())
        self.ok("update-runtime-config", "--pod-cidr", "10.1.0.0/16")

    def test_images(self):
        self.ok("pull", self.session.entry)
        self.assertIn("entry", self.ok("images"))
        self.assertIn("repoTags", self.ok("inspecti", self.session.entry))
        self.assertIn("usedBytes", self.ok("imagefsinfo"))
        self.ok("rmi", self.session.entry)
        self.assertNotIn("entry", self.ok("images"))

    def test_a_pod_and_its_container_step_by_step(self):
        pod, made = self.running("sh", "-c", "echo said; exec sleep 1000")
        self.assertIn("Ready", self.ok("pods"))
        self.assertIn(made[:12], self.ok("ps"))
        self.assertEqual(json.loads(self.ok("inspectp", pod))["status"]["state"], "SANDBOX_READY")
        self.assertEqual(json.loads(self.ok("inspect", made))["status"]["state"], "CONTAINER_RUNNING")
        wait_until(lambda: self.ok("logs", made) == "said", what="its log")
        self.assertEqual(self.ok("exec", "--sync", made, "echo", "in"), "in")
        self.assertEqual(self.ok("exec", made, "echo", "in"), "in")
        self.ok("update", "--memory", str(64 << 20), made)
        self.assertEqual(json.loads(self.ok("inspect", made))["status"]["resources"]["linux"]["memoryLimitInBytes"], str(64 << 20))
        self.ok("stop", "--timeout", "1", made)
        self.ok("rm", made)
        self.ok("stopp", pod)
        self.ok("rmp", pod)

    def test_run_makes_both_at_once(self):
        made = self.ok("run", self.container_file("sleep", "1000"), self.pod_file())
        self.assertIn(made[:12], self.ok("ps"))
        self.ok("rm", "-f", made)
        self.ok("rmp", "-f", "-a")

    def test_figures(self):
        pod, made = self.running("sleep", "1000")
        self.assertIn(made[:12], self.ok("stats"))
        self.assertEqual(json.loads(self.ok("stats", "-o", "json", made))["stats"][0]["attributes"]["id"], made)
        self.assertIn(pod[:12], self.ok("statsp"))
        self.assertIn("container_memory_working_set_bytes", self.ok("metricdescs"))
        self.assertIn("container_cpu_usage_seconds_total", self.ok("metricsp"))

    def test_events_come_as_they_happen(self):
        listening = subprocess.Popen(self.line("events"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(listening.stdout.close)
        self.addCleanup(listening.wait)
        self.addCleanup(listening.kill)
        made, heard = [], False
        for number in range(20):  # it does not say when it listens
            made.append(self.ok("runp", self.pod_file(f"pod{number}")))
            heard = heard or bool(select.select([listening.stdout], [], [], 0.5)[0])
            if heard:
                break
        self.assertTrue(heard, "no event came")
        lines = iter(listening.stdout.readline, "")
        first = json.loads("".join([*itertools.takewhile(lambda line: line != "}\n", lines), "}"]))
        self.assertIn(first["containerId"], made)
        self.assertEqual(first["podSandboxStatus"]["id"], first["containerId"])

    def test_a_checkpoint_is_refused_by_name(self):
        _, made = self.running("sleep", "1000")
        done = self.run_it("checkpoint", "--export", f"{self.daemon.folder}/x.tar", made)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("checkpoints are not supported", done.stderr)


class Streams(CrictlCase):
    def test_attach_gives_it_a_line(self):
        _, made = self.running("sh", "-c", "read line; echo got $line", stdin=True, stdin_once=True)
        done = self.run_it("attach", "-i", made, input="hello\n", timeout=20)
        self.assertIn("got hello", done.stdout)
        wait_until(lambda: self.ok("logs", made) == "got hello", what="its log")

    def test_exec_takes_bytes_over_either_transport(self):
        _, made = self.running("sleep", "1000")
        for transport in ("spdy", "websocket"):
            self.assertEqual(self.ok("exec", "--transport", transport, "-i", made, "cat", input="bytes"), "bytes")

    def test_port_forward_reaches_a_container(self):
        pod, _ = self.running("sh", "-c", "while :; do echo served | nc -l -p 8080; done")
        for transport in ("spdy", "websocket"):
            with self.subTest(transport=transport):
                with socket.socket() as free:
                    free.bind(("127.0.0.1", 0))
                    port = free.getsockname()[1]
                forward = subprocess.Popen(self.line("port-forward", "--transport", transport, pod, f"{port}:8080"),
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                try:
                    wait_until(lambda: answer(port) == b"served\n", 20, "the container to answer through the tunnel")
                finally:
                    forward.kill()
                    forward.wait()


class StreamsOverTls(OverTls, Streams):
    def test_the_certificate_is_checked(self):
        _, made = self.running("sleep", "1000")
        for transport in ("spdy", "websocket"):
            trusted = ("--tls-ca", self.certificate, "--tls-cert", self.certificate, "--tls-key", self.key)
            self.assertEqual(self.ok("exec", "--transport", transport, *trusted, made, "echo", "in"), "in")
            done = self.run_it("exec", "--transport", transport, *trusted, "--tls-server-name", "other", made, "echo", "in")
            self.assertIn("certificate", done.stderr)


def answer(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as there:
            return there.recv(100)
    except OSError:
        return b""
