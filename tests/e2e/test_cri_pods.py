"""Pods and their containers over the Kubernetes CRI: a real daemon, real CNI plugins, real containers."""
import base64
import json
import os
import socket
import ssl
import subprocess
import urllib.parse

import cri_client
from cri_case import OverTls, OwnNetwork, PodCase, upgraded
from harness import BIN, PATIENCE, Session, wait_until


class Pods(PodCase):
    # ---- pods

    def test_a_pod_is_ready_listed_stopped_and_removed_each_as_often_as_one_likes(self):
        config = self.config(labels={"app": "web"}, annotations={"a": "b"})
        pod = self.pod(config)
        self.assertEqual(self.pod(config), pod)  # the kubelet's retry
        status = self.cri("PodSandboxStatus", {"pod_sandbox_id": pod})["status"]
        self.assertEqual(status.get("state", "SANDBOX_READY"), "SANDBOX_READY")
        self.assertEqual((status["metadata"]["uid"], status["labels"]), (config["metadata"]["uid"], {"app": "web"}))
        for filter in ({}, {"id": pod[:12]}, {"label_selector": {"app": "web"}}, {"state": {"state": "SANDBOX_READY"}}):
            self.assertEqual([each["id"] for each in self.cri("ListPodSandbox", {"filter": filter})["items"]], [pod])
        for filter in ({"id": "f" * 64}, {"label_selector": {"app": "no"}}, {"state": {"state": "SANDBOX_NOTREADY"}}):
            self.assertEqual(self.cri("ListPodSandbox", {"filter": filter}), {})
        for _ in range(2):
            self.cri("StopPodSandbox", {"pod_sandbox_id": pod})
        self.assertEqual(self.cri("PodSandboxStatus", {"pod_sandbox_id": pod})["status"]["state"], "SANDBOX_NOTREADY")
        for _ in range(2):
            self.cri("RemovePodSandbox", {"pod_sandbox_id": pod})
        self.refused(cri_client.NOT_FOUND, "PodSandboxStatus", {"pod_sandbox_id": pod})

    def test_what_is_not_there_is_stopped_and_removed(self):
        nobody = "0" * 64
        for call in ("StopPodSandbox", "RemovePodSandbox"):
            self.cri(call, {"pod_sandbox_id": nobody})
        for call in ("StopContainer", "RemoveContainer"):
            self.cri(call, {"container_id": nobody})
        self.refused(cri_client.NOT_FOUND, "ContainerStatus", {"container_id": nobody})
        self.refused(cri_client.NOT_FOUND, "StartContainer", {"container_id": nobody})

    def test_an_unknown_runtime_handler_is_refused(self):
        self.refused(cri_client.INVALID_ARGUMENT, "RunPodSandbox", {"config": self.config(), "runtime_handler": "nope"}, "nope")

    # ---- containers

    def test_a_containers_life(self):
        pod = self.pod()
        config = {"labels": {"l": "1"}}
        made = self.container(pod, "sh", "-c", "echo out; echo err >&2; exit 3", **config)
        self.assertEqual(self.container(pod, "true", **config), made)  # the kubelet's retry
        self.assertEqual(self.status(made).get("state", "CONTAINER_CREATED"), "CONTAINER_CREATED")
        self.cri("StartContainer", {"container_id": made})
        status = self.exited(made)
        self.assertEqual((status["exit_code"], status["reason"]), (3, "Error"))
        self.assertGreaterEqual(int(status["finished_at"]), int(status["started_at"]))
        self.assertIn("@sha256:", status["image_ref"])
        rows = self.cri("ListContainers", {"filter": {"pod_sandbox_id": pod, "label_selector": {"l": "1"}}})["containers"]
        self.assertEqual([(each["id"], each["pod_sandbox_id"], each["state"]) for each in rows], [(made, pod, "CONTAINER_EXITED")])
        self.refused(cri_client.FAILED_PRECONDITION, "StartContainer", {"container_id": made}, "once")
        self.assertEqual(sorted(self.said(made)), [("stderr", "F", "err"), ("stdout", "F", "out")])
        for _ in range(2):
            self.cri("RemoveContainer", {"container_id": made})

    def test_a_stop_ends_what_ignores_it_after_its_grace(self):
        pod = self.pod()
        stubborn = self.started(pod, "sh", "-c", "trap '' TERM; while :; do sleep 1; done")
        for _ in range(2):
            self.cri("StopContainer", {"container_id": stubborn, "timeout": 1})
        self.assertEqual(self.status(stubborn)["exit_code"], 137)

    def test_a_running_container_is_removed_by_force(self):
        pod = self.pod()
        self.cri("RemoveContainer", {"container_id": self.started(pod, "sleep", "1000")})
        self.assertEqual(self.cri("ListContainers"), {})

    def test_a_command_that_is_not_there_says_so(self):
        pod = self.pod()
        made = self.container(pod, "/no/such/command")
        with self.assertRaises(cri_client.Refused) as got:
            self.cri("StartContainer", {"container_id": made})
        self.assertIn("/no/such/command", got.exception.message)

    def test_exec_sync_gives_output_and_exit_code_and_kills_at_its_timeout(self):
        made = self.started(self.pod(), "sleep", "1000")
        done = self.exec(made, "sh", "-c", "echo out; echo err >&2; exit 5")
        self.assertEqual((base64.b64decode(done["stdout"]), base64.b64decode(done["stderr"]), done["exit_code"]), (b"out\n", b"err\n", 5))
        self.refused(cri_client.DEADLINE_EXCEEDED, "ExecSync", {"container_id": made, "cmd": ["sleep", "3217"], "timeout": 1})
        wait_until(lambda: b"3217" not in base64.b64decode(self.exec(made, "ps").get("stdout", "")), what="the command to be killed")

    def test_the_users_and_rights_that_were_asked_for(self):
        made = self.started(self.pod(), "sh", "-c", "id -u; id -g; grep NoNewPrivs /proc/self/status; touch /x || echo read-only",
                            linux={"security_context": {"run_as_user": {"value": 1234}, "run_as_group": {"value": 55},
                                                        "no_new_privs": True, "readonly_rootfs": True}})
        self.exited(made)
        lines = [line for _, _, line in self.said(made)]
        for line in ("1234", "55", "NoNewPrivs:\t1", "read-only"):
            self.assertIn(line, lines)

    def test_who_a_container_is_by_its_name_in_the_image(self):
        made = self.started(self.pod(), "id", "-G", linux={"security_context": {"run_as_username": "user", "supplemental_groups": [77]}})
        self.exited(made)
        who = self.cri("ContainerStatus", {"container_id": made})["status"]["user"]["linux"]
        self.assertEqual((who["uid"], who["gid"]), ("1000", "1000"))
        self.assertEqual(sorted(who["supplemental_groups"]), ["1000", "2000", "77"])
        self.assertEqual(sorted(self.said(made)[0][2].split()), ["1000", "2000", "77"])  # the kernel's order is its own

    def test_stats(self):
        pod = self.pod()
        made = self.started(pod, "sleep", "1000", labels={"l": "1"})
        stats = self.cri("ContainerStats", {"container_id": made})["stats"]
        self.assertGreater(int(stats["memory"]["usage_bytes"]["value"]), 0)
        self.assertGreater(int(stats["cpu"]["usage_core_nano_seconds"]["value"]), 0)
        listed = self.cri("ListContainerStats", {"filter": {"label_selector": {"l": "1"}}})["stats"]
        self.assertEqual([each["attributes"]["id"] for each in listed], [made])
        whole = self.cri("PodSandboxStats", {"pod_sandbox_id": pod})["stats"]
        self.assertEqual(len(whole["linux"]["containers"]), 1)
        self.assertEqual(len(self.cri("ListPodSandboxStats")["stats"]), 1)

    def test_events(self):
        pod = self.pod()
        listening = self.cri.begin("GetContainerEvents", messages=4, seconds=30)
        self.assertEqual(listening.stderr.readline(), "begun\n")
        made = self.started(pod, "true")
        self.exited(made)
        self.cri("RemoveContainer", {"container_id": made})
        out, err = listening.communicate()
        self.assertEqual(listening.returncode, 0, err)
        events = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([each.get("container_event_type", "CONTAINER_CREATED_EVENT") for each in events],
                         [f"CONTAINER_{what}_EVENT" for what in ("CREATED", "STARTED", "STOPPED", "DELETED")])
        self.assertEqual({each["container_id"] for each in events}, {made})
        self.assertEqual({each["pod_sandbox_status"]["id"] for each in events}, {pod})

    def test_a_log_that_was_renamed_goes_on_in_a_fresh_file(self):
        made = self.started(self.pod(), "sh", "-c", "i=0; while :; do echo $i; i=$((i+1)); sleep 0.05; done")
        path = self.status(made)["log_path"]
        wait_until(lambda: len(self.said(made)) > 2, what="output")
        os.rename(path, path + ".1")
        self.cri("ReopenContainerLog", {"container_id": made})
        wait_until(lambda: os.path.exists(path) and len(self.said(made)) > 2, what="output in the fresh file")
        self.cri("StopContainer", {"container_id": made})
        with open(path + ".1") as first, open(path) as second:
            numbers = [int(line.split()[3]) for line in [*first, *second]]
        self.assertEqual(numbers, list(range(len(numbers))))
        self.refused(cri_client.FAILED_PRECONDITION, "ReopenContainerLog", {"container_id": made}, "not running")

    def test_exec_over_its_url(self):
        made = self.started(self.pod(), "sleep", "1000")
        asked = {"container_id": made, "cmd": ["sh", "-c", "read line; echo got $line; echo err >&2; exit 4"],
                 "stdin": True, "stdout": True, "stderr": True}
        with WebSocket(self.cri("Exec", asked)["url"]) as stream:
            stream.send(0, b"hello\n")
            said = stream.rest()
        self.assertEqual((said[1], said[2]), (b"got hello\n", b"err\n"))
        causes = json.loads(said[3])["details"]["causes"]
        self.assertEqual(causes, [{"reason": "ExitCode", "message": "4"}])

    def test_attach_over_its_url(self):
        made = self.started(self.pod(), "sh", "-c", "read line; echo got $line", stdin=True, stdin_once=True)
        with WebSocket(self.cri("Attach", {"container_id": made, "stdin": True, "stdout": True, "stderr": True})["url"]) as stream:
            stream.send(0, b"hello\n")
            self.assertEqual(stream.rest()[1], b"got hello\n")
        self.assertEqual(self.exited(made)["reason"], "Completed")


class Networks(OwnNetwork, Pods):
    def address(self, pod):
        return self.cri("PodSandboxStatus", {"pod_sandbox_id": pod})["status"]["network"]["ip"]

    def test_the_network_is_ready(self):
        conditions = {each["type"]: each for each in self.cri("Status")["status"]["conditions"]}
        self.assertTrue(conditions["NetworkReady"].get("status"), conditions)

    def test_two_containers_of_a_pod_talk_over_localhost_and_others_reach_its_address(self):
        pod = self.pod()
        self.started(pod, "sh", "-c", "while :; do echo served | nc -l -p 8080; done", name="server")
        client = self.started(pod, "sleep", "1000", name="client")
        ask = lambda where: base64.b64decode(self.exec(client, "sh", "-c", f"nc -w 2 {where} 8080 </dev/null").get("stdout", ""))
        wait_until(lambda: ask("127.0.0.1") == b"served\n", what="the other container to answer")
        address = self.address(pod)
        self.assertTrue(address.startswith(self.subnet), address)

        def reached():
            try:
                with socket.create_connection((address, 8080), 2) as there:
                    return there.recv(100) == b"served\n"
            except OSError:
                return False
        wait_until(reached, what="the pod to answer at its address")

    def test_addresses_come_back(self):
        leases = f"{self.folder}/ipam/{self.bridge}"
        pod = self.pod()
        self.assertIn(self.address(pod), os.listdir(leases))
        address = self.address(pod)
        self.cri("StopPodSandbox", {"pod_sandbox_id": pod})
        self.assertNotIn(address, os.listdir(leases))


class StreamsOverTls(OverTls, PodCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.trust = ssl.create_default_context(cafile=cls.certificate)

    def test_exec_and_attach_go_over_https(self):
        made = self.started(self.pod(), "sh", "-c", "read line; echo got $line", stdin=True, stdin_once=True)
        asked = {"container_id": made, "cmd": ["sh", "-c", "head -c 1000000 /dev/zero; exit 4"], "stdout": True, "stderr": True}
        url = self.cri("Exec", asked)["url"]
        self.assertTrue(url.startswith("https://127.0.0.1:"), url)
        with WebSocket(url, self.trust) as stream:
            said = stream.rest()
        self.assertEqual((said[1], json.loads(said[3])["details"]["causes"][0]["message"]), (bytes(1000000), "4"))
        url = self.cri("Attach", {"container_id": made, "stdin": True, "stdout": True, "stderr": True})["url"]
        with WebSocket(url, self.trust) as stream:
            stream.send(0, b"hello\n")
            self.assertEqual(stream.rest()[1], b"got hello\n")
        self.assertEqual(self.exited(made)["reason"], "Completed")

    def test_clients_that_stall_or_speak_plainly_harm_nobody(self):
        made = self.started(self.pod(), "sleep", "1000")
        url = self.cri("Exec", {"container_id": made, "cmd": ["echo", "served"], "stdout": True, "stderr": True})["url"]
        where = urllib.parse.urlsplit(url)
        stalled = [socket.create_connection((where.hostname, where.port), 30 * PATIENCE) for _ in range(20)]
        with self.assertRaises(AssertionError) as plain:
            WebSocket(url.replace("https://", "http://"))
        self.assertIn("400", str(plain.exception))
        with WebSocket(url, self.trust) as stream:
            self.assertEqual(stream.rest()[1], b"served\n")
        for each in stalled:
            self.assertEqual(each.recv(1), b"")
            each.close()

    def test_files_that_do_not_fit_are_refused_by_name(self):
        def refused(*flags):
            daemon = Session.current.daemon()
            done = subprocess.run([f"{BIN}/gantryd", "--root", daemon.root, "--run-dir", daemon.run_dir, "--host", f"unix://{daemon.socket}",
                                   "--config", f"{daemon.folder}/gantry.toml", "--cri-host", f"unix://{daemon.run_dir}/cri.sock", *flags],
                                  capture_output=True, text=True, timeout=60 * PATIENCE)
            self.assertNotEqual(done.returncode, 0)
            return done.stderr
        self.assertIn("--cri-streaming-tls-key is missing", refused("--cri-streaming-tls-cert", self.certificate))
        self.assertIn("/nowhere.pem", refused("--cri-streaming-tls-cert", "/nowhere.pem", "--cri-streaming-tls-key", self.key))
        self.assertIn(f"{self.certificate} is not the private key",
                      refused("--cri-streaming-tls-cert", self.certificate, "--cri-streaming-tls-key", self.certificate))
        self.assertIn("--cri-streaming-host", refused("--cri-streaming-host", "unix:///run/x.sock"))
        self.assertIn("0.0.0.0", refused("--cri-streaming-host", "tcp://0.0.0.0:0"))


class WebSocket:
    """The little of RFC 6455 that a stream of v4.channel.k8s.io needs: each message's first byte is its channel."""

    def __init__(self, url, trust=None):
        parts = urllib.parse.urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), 30)
        if trust:
            self.socket = trust.wrap_socket(self.socket, server_hostname=parts.hostname)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                             f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
                             "Sec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n").encode())
        self.input = upgraded(self.socket)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.input.close()
        self.socket.close()

    def send(self, channel, data):
        payload = bytes([channel]) + data
        self.socket.sendall(bytes([0x82, 0x80 | len(payload), 0, 0, 0, 0]) + payload)  # masked with zeros

    def rest(self):
        """All that comes until the end, by channel."""
        said, channel = {number: b"" for number in range(4)}, 0
        while True:
            head = self.input.read(2)
            if len(head) < 2 or head[0] & 0xF == 8:
                return said
            size = head[1] & 0x7F
            if size > 125:
                size = int.from_bytes(self.input.read(2 if size == 126 else 8), "big")
            payload = self.input.read(size)
            if head[0] & 0xF == 0:  # a message goes on
                said[channel] += payload
            elif payload:
                channel = payload[0]
                said[channel] += payload[1:]
