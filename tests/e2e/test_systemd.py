"""systemd makes the cgroups: gantryd as a service of a real systemd, containers in scopes, pods in slices."""
import json
import os
import shutil
import tempfile
import unittest

import systemd_host
from cri_case import OwnNetwork, PodCase
from cri_client import INVALID_ARGUMENT
from harness import BIN, Case, Session, wait_until


class OnSystemd:
    """The daemon is a service of a systemd's that is there for these tests: named before the case."""

    @classmethod
    def make_daemon(cls):
        session = Session.current
        cls.system = systemd_host.Systemd(session)
        cls.addClassCleanup(cls.system.close)
        keys = {"cgroup_driver": "systemd", "cgroup_parent": "", **cls.keys}
        session.daemons.append(systemd_host.Service(session, len(session.daemons), cls.system, keys))
        return session.daemons[-1]


class Docker(OnSystemd, Case):
    keys = {"cgroup_parent": "e2e-containers.slice"}

    def tearDown(self):
        self.daemon.remove_all()

    def scope(self, name):
        return f"gantry-{self.daemon.inspect(name)['Id']}.scope"

    def is_gone(self, unit):
        return self.system.show(unit, "LoadState")["LoadState"] == "not-found"

    def test_a_container_is_a_scope_as_long_as_it_runs(self):
        self.ok("run", "-d", "--name", "one", self.base, "sleep", "1000")
        scope = self.scope("one")
        self.assertEqual(
            self.system.show(scope, "ActiveState", "Delegate", "Slice", "ControlGroup"),
            {"ActiveState": "active", "Delegate": "yes", "Slice": "e2e-containers.slice",
             "ControlGroup": f"/e2e.slice/e2e-containers.slice/{scope}"})
        self.assertIn(f"/e2e.slice/e2e-containers.slice/{scope}",
                      self.system.ok("cat", f"/proc/{self.daemon.state('one')['Pid']}/cgroup"))
        self.assertEqual(self.ok("exec", "one", "sh", "-c", "echo $$; cat /proc/self/cgroup").splitlines()[-1], "0::/")
        processes = self.system.ok("cat", f"/sys/fs/cgroup/e2e.slice/e2e-containers.slice/{scope}/cgroup.procs")
        self.assertEqual(len(processes.split()), 1)
        self.ok("stop", "-t", "0", "one")
        wait_until(lambda: self.is_gone(scope), 10, "the scope to be gone")

    def test_a_container_that_is_started_again_gets_its_scope_again(self):
        self.ok("create", "--name", "again", self.base, "sh", "-c", "exit 7")
        for _ in range(5):
            self.ok("start", "again")
            self.assertEqual(self.ok("wait", "again").strip(), "7")
        wait_until(lambda: self.is_gone(self.scope("again")), 10, "the scope to be gone")

    def test_a_container_that_cannot_start_leaves_no_scope(self):
        self.refused("no-such-program", "run", "--name", "nothing", self.base, "no-such-program")
        wait_until(lambda: self.is_gone(self.scope("nothing")), 10, "the scope to be gone")

    def test_pause_statistics_and_top(self):
        self.ok("run", "-d", "--name", "still", self.base, "sleep", "1000")
        self.ok("pause", "still")
        frozen = f"/sys/fs/cgroup/e2e.slice/e2e-containers.slice/{self.scope('still')}/cgroup.freeze"
        self.assertEqual(self.system.ok("cat", frozen), "1\n")
        self.ok("unpause", "still")
        self.assertIn("sleep 1000", self.ok("top", "still"))
        self.assertIn("still", self.ok("stats", "--no-stream", "still"))

    def test_a_slice_of_ones_own_and_what_is_none(self):
        self.ok("run", "-d", "--name", "else", "--cgroup-parent", "elsewhere.slice", self.base, "sleep", "1000")
        self.assertEqual(self.system.show(self.scope("else"), "Slice"), {"Slice": "elsewhere.slice"})
        for bad in ("/folder", "a--b.slice", "x.scope"):
            self.refused("systemd slice", "create", "--cgroup-parent", bad, self.base)

    def test_info_says_who_makes_cgroups(self):
        self.assertEqual(self.daemon.api("GET", "/info")[1]["CgroupDriver"], "systemd")

    def test_containers_outlive_the_engine_and_its_service(self):
        self.ok("run", "-d", "--name", "lasting", self.base, "sleep", "1000")
        self.system.ok("systemctl", "daemon-reload")
        self.daemon.kill9()
        self.assertEqual(self.system.show(self.scope_of_all()[0], "ActiveState"), {"ActiveState": "active"})
        self.daemon.start()
        self.assertTrue(self.daemon.state("lasting")["Running"])
        self.ok("exec", "lasting", "true")
        self.ok("rm", "-f", "lasting")
        wait_until(lambda: not self.scope_of_all(), 10, "the scope to be gone")

    def scope_of_all(self):
        listed = self.system.ok("systemctl", "list-units", "--plain", "--no-legend", "gantry-*.scope")
        return [line.split()[0] for line in listed.splitlines()]


class Runc(Docker):
    keys = {"cgroup_parent": "e2e-containers.slice", "runtime": "runc"}


class Pods(OnSystemd, OwnNetwork, PodCase):
    def test_a_pod_is_a_slice_in_the_kubelets_and_its_containers_are_scopes_in_it(self):
        self.assertEqual(self.cri("RuntimeConfig")["linux"].get("cgroup_driver", "SYSTEMD"), "SYSTEMD")
        above = "kubepods-burstable-pod1234_5678.slice"
        path = f"/kubepods.slice/kubepods-burstable.slice/{above}"
        pod = self.pod(linux={"cgroup_parent": path})
        container = self.started(pod, "sleep", "1000")
        own = f"{above.removesuffix('.slice')}-{pod}.slice"
        self.assertEqual(self.system.show(f"gantry-{container}.scope", "ActiveState", "Slice", "ControlGroup"),
                         {"ActiveState": "active", "Slice": own, "ControlGroup": f"{path}/{own}/gantry-{container}.scope"})
        self.assertEqual(len(self.cri("ListContainerStats")["stats"]), 1)
        self.remove(pod)
        self.assertEqual(self.system.show(own, "ActiveState"), {"ActiveState": "inactive"})
        self.assertFalse(os.path.exists(f"{self.system.cgroup}{path}/{own}"))

    def test_a_pods_own_process_is_a_scope_too(self):
        pod = self.pod(linux={"security_context": {"namespace_options": {"network": "POD", "pid": "POD"}}})
        pause = self.system.show(f"gantry-{pod}-pause.scope", "ActiveState", "Slice")
        self.assertEqual(pause, {"ActiveState": "active", "Slice": f"gantry-{pod}.slice"})
        container = self.started(pod, "sleep", "1000", linux={"security_context": {"namespace_options": {"pid": "POD"}}})
        self.assertEqual(self.system.show(f"gantry-{container}.scope", "Slice"), {"Slice": f"gantry-{pod}.slice"})

    def test_a_pod_with_users_of_its_own(self):
        users = {"mode": "POD", "uids": [{"host_id": 200000, "container_id": 0, "length": 65536}],
                 "gids": [{"host_id": 200000, "container_id": 0, "length": 65536}]}
        pod = self.pod(linux={"security_context": {"namespace_options": {"network": "POD", "userns_options": users}}})
        container = self.started(pod, "sleep", "1000",
                                 linux={"security_context": {"namespace_options": {"userns_options": users}}})
        self.assertIn(f"gantry-{container}.scope", self.system.ok("cat", f"/proc/{self.pid(container)}/cgroup"))
        self.assertEqual(self.system.show(f"gantry-{container}.scope", "ActiveState"), {"ActiveState": "active"})

    def test_a_parent_that_is_no_slice_is_refused(self):
        self.refused(INVALID_ARGUMENT, "RunPodSandbox", {"config": self.config(linux={"cgroup_parent": "/kubepods/pod1"})}, "systemd")

    def remove(self, pod):
        self.cri("StopPodSandbox", {"pod_sandbox_id": pod})
        self.cri("RemovePodSandbox", {"pod_sandbox_id": pod})


class Program(unittest.TestCase):
    """gantry-oci, as an engine of another maker calls it on such a host."""

    def setUp(self):
        session = Session.current
        self.system = systemd_host.Systemd(session)
        self.addCleanup(self.system.close)
        self.folder = tempfile.mkdtemp(prefix="oci", dir=session.folder)
        for name in ("bin", "proc"):
            os.makedirs(f"{self.folder}/rootfs/{name}")
        shutil.copy("/bin/busybox", f"{self.folder}/rootfs/bin/busybox")
        self.oci = (f"{BIN}/gantry-oci", "--root", f"{self.folder}/state")

    def create(self, path="other.slice:other:one", flags=("--systemd-cgroup",), **resources):
        """What it said; empty: the container is there."""
        with open(f"{self.folder}/config.json", "w") as file:
            json.dump({"ociVersion": "1.0.2", "root": {"path": "rootfs"},
                       "process": {"user": {"uid": 0, "gid": 0}, "args": ["/bin/busybox", "sleep", "1000"], "cwd": "/"},
                       "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
                       "linux": {"cgroupsPath": path, "resources": resources,
                                 "namespaces": [{"type": "mount"}, {"type": "pid"}]}}, file)
        with open(f"{self.folder}/said", "w") as output:  # a container has its streams as long as it runs
            self.system(*self.oci, *flags, "create", "--bundle", self.folder, "one", output=output)
        with open(f"{self.folder}/said") as output:
            return output.read()

    def is_gone(self):
        return self.system.show("other-one.scope", "ActiveState") == {"ActiveState": "inactive"}

    def test_a_containers_life_in_a_scope(self):
        self.assertEqual(self.create(), "")
        self.system.ok(*self.oci, "start", "one")
        self.assertEqual(self.system.show("other-one.scope", "ActiveState", "Slice"),
                         {"ActiveState": "active", "Slice": "other.slice"})
        self.system.ok(*self.oci, "delete", "--force", "one")
        wait_until(self.is_gone, 10)

    def test_a_path_that_is_a_units_is_refused(self):
        for path in ("/other.slice/other-one.scope", "/other.slice"):
            self.assertIn("is a unit's of systemd", self.create(path, flags=()))

    def test_limits_are_its_properties(self):
        for resources, controller, name, value in (
                ({"memory": {"limit": 64 << 20}}, "memory", "MemoryMax", str(64 << 20)),
                ({"pids": {"limit": 33}}, "pids", "TasksMax", "33"),
                ({"cpu": {"cpus": "0"}}, "cpuset", "AllowedCPUs", "0"),
                ({"cpu": {"quota": 50000, "period": 100000}}, "cpu", "CPUQuotaPerSecUSec", "500ms")):
            with self.subTest(name):
                said = self.create(**resources)
                if said:  # systemd has taken the property, but this host's v2 has no such controller
                    self.assertIn(f"this host has no cgroup controller {controller}", said)
                else:
                    self.assertEqual(self.system.show("other-one.scope", name), {name: value})
                    self.system.ok(*self.oci, "delete", "--force", "one")
                wait_until(self.is_gone, 10)


class Refusals(unittest.TestCase):
    def test_a_host_that_is_not_on_v2_alone_is_refused_in_words(self):
        if systemd_host.unified_mount() == "/sys/fs/cgroup":
            self.skipTest("this host is on v2")
        daemon = Session.current.daemon(cgroup_driver="systemd", cgroup_parent="x.slice")
        with self.assertRaises(RuntimeError) as ended:
            daemon.start()
        self.assertIn("cgroup_driver systemd needs a host with cgroups v2 alone", str(ended.exception))

    def test_a_driver_that_there_is_not(self):
        daemon = Session.current.daemon(cgroup_driver="cgmanager")
        with self.assertRaises(RuntimeError) as ended:
            daemon.start()
        self.assertIn("cgroup_driver 'cgmanager': it is cgroupfs or systemd", str(ended.exception))
