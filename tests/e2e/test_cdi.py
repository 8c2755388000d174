"""Devices of the Container Device Interface: files of others in two folders, and containers that ask for what is in them."""
import json
import os
import stat
import subprocess

import cri_client
from cri_case import PodCase
from harness import BIN, RUNTIME, Case, Session, host, wait_until

MEMORY = os.makedev(1, 5)  # /dev/zero's numbers: what a device can be whose content is known


class Specs:
    """Two folders for a daemon, the second over the first. Named before the case."""

    @classmethod
    def setUpClass(cls):
        folder = f"{Session.current.folder}/cdi-{cls.__name__}"
        cls.low, cls.high, cls.host = f"{folder}/low", f"{folder}/high", f"{folder}/host"
        for each in (cls.low, cls.high, cls.host):
            os.makedirs(each)
        cls.keys = {"cdi_spec_dirs": [cls.low, cls.high]}
        super().setUpClass()

    def setUp(self):
        super().setUp()
        for folder in (self.low, self.high):
            for name in os.listdir(folder):
                os.unlink(f"{folder}/{name}")

    def spec(self, devices, kind="vendor.com/thing", folder=None, name="vendor.json", version="0.7.0", **edits):
        """devices: name to edits. What is written is as others write it, in one move."""
        path = f"{folder or self.low}/{name}"
        document = {"cdiVersion": version, "kind": kind, "containerEdits": edits,
                    "devices": [{"name": each, "containerEdits": what} for each, what in devices.items()]}
        with open(f"{path}.tmp", "w") as file:
            json.dump(document, file)
        os.rename(f"{path}.tmp", path)

    def node(self, name):
        """A device on the host, beside what tests may rely on."""
        path = f"{self.host}/{name}"
        if not os.path.exists(path):
            os.mknod(path, 0o600 | stat.S_IFCHR, MEMORY)
        return path


class Docker(Specs, Case):
    def test_all_that_a_device_changes_is_in_the_container(self):
        with open(f"{self.host}/data", "w") as file:
            file.write("of the host\n")
        self.spec({"0": {
            "env": ["DEVICE=zero"],
            "deviceNodes": [{"path": "/dev/thing0", "hostPath": self.node("thing0"), "permissions": "r", "fileMode": 0o640, "gid": 7}],
            "mounts": [{"hostPath": f"{self.host}/data", "containerPath": "/opt/data", "options": ["ro", "bind"]}],
            "additionalGids": [4321]}}, env=["ALL=yes"])
        said = self.run_ok("--device", "vendor.com/thing=0", "-e", "DEVICE=mine", "--", "sh", "-c", " && ".join((
            "echo $ALL $DEVICE", "cat /opt/data", "stat -c '%F %t:%T %a %g' /dev/thing0", "head -c 4 /dev/thing0 | wc -c",
            "grep ^Groups: /proc/self/status", "! echo x > /opt/data")))
        lines = said.splitlines()
        self.assertEqual(lines[:4], ["yes zero", "of the host", "character special file 1:5 640 7", "4"])
        self.assertIn("4321", lines[4].split())
        # Nothing of it without being asked for.
        self.assertEqual(self.run_ok("--", "sh", "-c", "ls /dev/thing0 /opt 2>/dev/null; echo $ALL").strip(), "")

    def test_permissions_are_the_devices_cgroups(self):
        numbers = {"type": "c", "major": 1, "minor": 11}  # of /dev/kmsg, which no container has else
        self.spec({"ro": {"deviceNodes": [{"path": "/dev/only-read", "permissions": "r", **numbers}]},
                   "rw": {"deviceNodes": [{"path": "/dev/both", **numbers}]}})
        opens = "( : >> /dev/%s ) 2>&1"
        self.assertIn("not permitted", self.gantry("run", "--rm", "--device", "vendor.com/thing=ro", self.base, "sh", "-c",
                                                   opens % "only-read").stdout)
        self.run_ok("--device", "vendor.com/thing=rw", "--", "sh", "-c", opens % "both")

    def test_a_yaml_file_with_a_hook(self):
        trace = f"{self.host}/trace"
        with open(f"{self.low}/hooks.yaml", "w") as file:
            file.write(f"""---
cdiVersion: "0.5.0"
kind: hooks.org/all
devices:
- name: 1          # a name, though it looks like a number
  containerEdits:
    hooks:
    - hookName: createRuntime
      path: /bin/sh
      args: [sh, -c, 'echo begun >> {trace}']
    - hookName: poststop
      path: /bin/sh
      args: [sh, -c, 'echo ended >> {trace}']
""")
        self.ok("run", "--name", "hooked", "--device", "hooks.org/all=1", self.base, "true")
        wait_until(lambda: host.read(trace) == "begun\nended\n", what=f"the hooks to have run: {host.read(trace)}")
        # Hooks are not the native launcher's: an OCI runtime has made it.
        self.assertNotEqual(self.daemon.inspect("hooked")["Launcher"], "native")

    def test_who_makes_a_container_with_a_device(self):
        self.spec({"plain": {"deviceNodes": [{"path": "/dev/thing", "hostPath": self.node("plain")}]}})
        self.ok("run", "--name", "made", "--device", "vendor.com/thing=plain", self.base, "true")
        self.assertEqual(os.path.basename(self.daemon.inspect("made")["Launcher"]), RUNTIME or "native")

    def test_a_later_folder_stands_over_an_earlier_one_and_a_conflict_is_refused(self):
        self.spec({"a": {"env": ["FROM=low"]}, "b": {"env": ["FROM=low"]}})
        self.spec({"a": {"env": ["FROM=high"]}}, folder=self.high)
        for name, folder in (("a", "high"), ("b", "low")):
            self.assertEqual(self.run_ok("--device", f"vendor.com/thing={name}", "--", "sh", "-c", "echo $FROM").strip(), folder)
        self.spec({"b": {"env": ["FROM=other"]}}, name="rival.json")
        said = self.refused("vendor.com/thing=b", "create", "--device", "vendor.com/thing=b", self.base)
        for word in ("vendor.json", "rival.json", "remove one"):
            self.assertIn(word, said)
        self.run_ok("--device", "vendor.com/thing=a", "--", "true")

    def test_what_is_not_known_is_told_with_the_folders_and_leaves_nothing(self):
        said = self.refused("vendor.com/thing=none", "create", "--name", "no", "--device", "vendor.com/thing=none", self.base)
        self.assertIn(self.low, said)
        self.assertIn(self.high, said)
        self.assertEqual(self.daemon.ids(), set())
        self.spec({"rdt": {"intelRdt": {"closID": "x"}}})
        self.refused("intelRdt", "create", "--device", "vendor.com/thing=rdt", self.base)
        self.spec({"gone": {"deviceNodes": [{"path": "/dev/no-such-device"}]}})
        self.refused("/dev/no-such-device", "create", "--device", "vendor.com/thing=gone", self.base)

    def test_each_start_has_what_the_files_say_then(self):
        self.spec({"a": {"env": ["VERSION=1"]}})
        self.ok("create", "--name", "again", "--device", "vendor.com/thing=a", self.base, "sh", "-c", "echo $VERSION")
        self.spec({"a": {"env": ["VERSION=2"]}})
        self.assertEqual(self.ok("start", "-a", "again").strip(), "2")
        self.daemon.kill9()
        self.daemon.start()
        self.spec({"a": {"env": ["VERSION=3"]}})
        self.assertEqual(self.ok("start", "-a", "again").strip(), "3")
        self.assertNotIn("VERSION", json.dumps(self.daemon.inspect("again")["Config"]["Env"]))
        os.unlink(f"{self.low}/vendor.json")
        self.refused("vendor.com/thing=a", "start", "again")
        self.assertEqual(self.daemon.state("again")["Status"], "exited")

    def test_an_exec_has_the_devices_too(self):
        self.spec({"a": {"env": ["OF=device"]}})
        self.ok("run", "-d", "--name", "runs", "--device", "vendor.com/thing=a", self.base, "sleep", "1000")
        self.assertEqual(self.ok("exec", "runs", "sh", "-c", "echo $OF").strip(), "device")
        self.daemon.kill9()
        self.daemon.start()
        self.assertEqual(self.ok("exec", "runs", "sh", "-c", "echo $OF").strip(), "device")

    def test_info_and_inspect_as_dockerd_has_them(self):
        self.spec({"b": {"env": ["A=1"]}, "a": {"env": ["A=1"]}})
        with open(f"{self.high}/broken.json", "w") as file:
            file.write("{")
        _, info = self.daemon.api("GET", "/v1.51/info")
        self.assertEqual(info["CDISpecDirs"], [self.low, self.high])
        self.assertEqual(info["DiscoveredDevices"], [{"Source": "cdi", "ID": f"vendor.com/thing={each}"} for each in "ab"])
        self.assertTrue([line for line in info["Warnings"] if "broken.json" in line], info["Warnings"])
        asked = [{"Driver": "cdi", "Count": 0, "DeviceIDs": ["vendor.com/thing=a"], "Capabilities": None, "Options": None}]
        status, made = self.daemon.api("POST", "/v1.51/containers/create", {
            "Image": self.base, "HostConfig": {"DeviceRequests": asked}})
        self.assertEqual(status, 201, made)
        self.assertEqual(self.daemon.inspect(made["Id"])["HostConfig"]["DeviceRequests"], asked)

    def test_gpus_are_refused_as_dockerd_does(self):
        status, said = self.daemon.api("POST", "/v1.47/containers/create", {
            "Image": self.base, "HostConfig": {"DeviceRequests": [{"Count": -1, "Capabilities": [["gpu"]]}]}})
        self.assertEqual(status, 400)
        self.assertIn("could not select device driver", said["message"])

    def test_spec_explains_what_a_device_changes(self):
        self.spec({"a": {"env": ["OF=device"], "deviceNodes": [{"path": "/dev/t", "hostPath": "/dev/zero"}]}})
        document = json.loads(self.ok("spec", "--device", "vendor.com/thing=a", self.base))
        self.assertIn("OF=device", document["process"]["env"])
        self.assertEqual([each["path"] for each in document["linux"]["devices"]], ["/dev/t"])


class Pods(Specs, PodCase):
    def test_devices_by_the_field_and_by_annotations(self):
        self.spec({"a": {"env": ["A=field"], "deviceNodes": [{"path": "/dev/thing-a", "hostPath": self.node("a")}]},
                   "b": {"env": ["B=annotation"]}})
        made = self.started(self.pod(), "sh", "-c", "echo $A $B; head -c 3 /dev/thing-a | wc -c",
                            CDI_devices=[{"name": "vendor.com/thing=a"}],
                            annotations={"cdi.k8s.io/plugin_x": "vendor.com/thing=b,vendor.com/thing=a"})
        self.assertEqual(self.exited(made).get("exit_code", 0), 0)
        self.assertEqual([line for _, _, line in self.said(made)], ["field annotation", "3"])

    def test_what_is_not_known_is_refused(self):
        pod = self.pod()
        config = {"metadata": {"name": "x"}, "image": {"image": self.base}, "command": ["true"],
                  "CDI_devices": [{"name": "vendor.com/thing=none"}]}
        self.refused(cri_client.INVALID_ARGUMENT, "CreateContainer", {"pod_sandbox_id": pod, "config": config}, "vendor.com/thing=none")
        self.refused(cri_client.INVALID_ARGUMENT, "CreateContainer", {"pod_sandbox_id": pod, "config": config}, self.high)
        self.assertEqual(self.cri("ListContainers"), {})


class Configured(Case):
    def test_no_folder_is_no_device(self):
        daemon = self.session.daemon(cdi_spec_dirs=[]).start()
        self.addCleanup(daemon.close)
        self.assertEqual(daemon.api("GET", "/info")[1]["CDISpecDirs"], [])
        daemon.ok("pull", "-q", self.base)
        done = daemon.gantry("create", "--device", "vendor.com/thing=a", self.base)
        self.assertIn("cdi_spec_dirs", done.stderr)

    def test_a_folder_is_an_absolute_path(self):
        config = f"{self.session.folder}/relative.toml"
        with open(config, "w") as file:
            file.write('cdi_spec_dirs = ["cdi"]\n')
        done = subprocess.run([f"{BIN}/gantryd", "--config", config], capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 2)
        self.assertIn("cdi_spec_dirs", done.stderr)
