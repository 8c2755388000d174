"""What tests of the CRI are made of: a daemon of their own, and pods that are gone after each test."""
import json
import os
import subprocess
import tempfile
import unittest
import uuid

from cri_client import Client, Refused
from harness import Session, wait_until


class Cri(unittest.TestCase):
    """Tests that share one daemon, with the base image there; what each makes is removed after it."""
    keys = {}

    @classmethod
    def setUpClass(cls):
        cls.session = Session.current
        cls.daemon = cls.make_daemon()
        cls.socket = f"{cls.daemon.run_dir}/cri.sock"
        cls.daemon.flags += ["--cri-host", f"unix://{cls.socket}"]
        cls.daemon.start()
        cls.cri = Client(cls.socket)
        cls.base = cls.session.base
        cls.pull(cls.base)

    @classmethod
    def make_daemon(cls):
        return cls.session.daemon(**cls.keys)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.close()

    @classmethod
    def pull(cls, name, **auth):
        return cls.cri("PullImage", {"image": {"image": name}, "auth": auth})["image_ref"]

    def refused(self, code, call, request, word=""):
        with self.assertRaises(Refused) as got:
            self.cri(call, request)
        self.assertEqual(got.exception.code, code, got.exception)
        self.assertIn(word, got.exception.message)


class PodCase(Cri):
    def setUp(self):
        self.pods = []

    def tearDown(self):
        for pod in self.pods:
            self.cri("StopPodSandbox", {"pod_sandbox_id": pod})
            self.cri("RemovePodSandbox", {"pod_sandbox_id": pod})
        self.assertEqual(self.cri("ListPodSandbox"), {})
        self.assertEqual(self.cri("ListContainers"), {})

    # ---- what tests are made of

    def config(self, name="pod", network="NODE", **more):
        """A pod on the node's network, unless the test is about networks."""
        linux = more.pop("linux", {})
        context = linux.setdefault("security_context", {})
        context.setdefault("namespace_options", {"network": network, "pid": "CONTAINER"})
        uid = str(uuid.uuid4())
        return {"metadata": {"name": name, "uid": uid, "namespace": "default"},
                "log_directory": f"{self.daemon.folder}/logs/{name}_{uid}", "linux": linux, **more}

    def pod(self, config=None, **more):
        config = config or self.config(**more)
        made = self.cri("RunPodSandbox", {"config": config})["pod_sandbox_id"]
        if made not in self.pods:
            self.pods.append(made)
        return made

    def container(self, pod, *command, name="main", **more):
        config = {"metadata": {"name": name}, "image": {"image": self.base}, "command": list(command),
                  "log_path": f"{name}.log", **more}
        context = config.setdefault("linux", {}).setdefault("security_context", {})
        context.setdefault("namespace_options", {"pid": "CONTAINER"})
        return self.cri("CreateContainer", {"pod_sandbox_id": pod, "config": config})["container_id"]

    def started(self, pod, *command, **more):
        made = self.container(pod, *command, **more)
        self.cri("StartContainer", {"container_id": made})
        return made

    def status(self, container):
        return self.cri("ContainerStatus", {"container_id": container})["status"]

    def pid(self, container):
        return json.loads(self.cri("ContainerStatus", {"container_id": container, "verbose": True})["info"]["info"])["pid"]

    def exited(self, container):
        wait_until(lambda: self.status(container).get("state") == "CONTAINER_EXITED", what="the container to exit")
        return self.status(container)

    def said(self, container):
        """What it wrote, without times: (stream, tag, line) each."""
        with open(self.status(container)["log_path"]) as log:
            return [tuple(line.rstrip("\n").split(" ", 3)[1:]) for line in log]

    def exec(self, container, *command, **more):
        return self.cri("ExecSync", {"container_id": container, "cmd": list(command), **more})


def upgraded(connection):
    """What comes after the answer of 101 to a request for another protocol."""
    input = connection.makefile("rb")
    status = input.readline()
    if b" 101 " not in status:
        raise AssertionError(f"no upgrade: {status}")
    while input.readline() != b"\r\n":
        pass
    return input


class OverTls:
    """Streams over TLS, with a certificate that signs itself: named before what it is for."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="t", dir=Session.current.folder)
        cls.certificate, cls.key = f"{folder}/cert.pem", f"{folder}/key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=node", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", cls.key, "-out", cls.certificate],
                       check=True, capture_output=True)
        cls.keys = {**cls.keys, "cri_streaming_tls_cert": cls.certificate, "cri_streaming_tls_key": cls.key}
        super().setUpClass()


class OwnNetwork:
    """Pods on a network of CNI's own: named before PodCase."""
    subnet, bridge = "10.214.9", f"gc{os.getpid() % 100000}"

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="c", dir=Session.current.folder)
        cls.keys = {**cls.keys, "cni_config": cls.folder}
        with open(f"{cls.folder}/10-test.conflist", "w") as file:
            json.dump({"cniVersion": "1.0.0", "name": cls.bridge, "plugins": [
                {"type": "bridge", "bridge": cls.bridge, "isGateway": True, "ipMasq": False,
                 "ipam": {"type": "host-local", "dataDir": f"{cls.folder}/ipam", "routes": [{"dst": "0.0.0.0/0"}],
                          "ranges": [[{"subnet": f"{cls.subnet}.0/24"}]]}}]}, file)
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        subprocess.run(["ip", "link", "delete", cls.bridge], capture_output=True, check=False)

    def config(self, name="pod", network="POD", **more):
        return super().config(name, network, **more)
