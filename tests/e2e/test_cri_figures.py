"""What the CRI says of containers that run: what they use, what happens to them, and what is changed."""
import json
import os

import cri_client
from cri_case import OwnNetwork, PodCase
from harness import host, wait_until


class Figures(OwnNetwork, PodCase):
    bridge = f"gf{os.getpid() % 100000}"
    subnet = "10.214.10"

    def metrics(self):
        keys = {one["name"]: one["label_keys"] for one in self.cri("ListMetricDescriptors")["descriptors"]}
        pods = {}
        for pod in self.cri("ListPodSandboxMetrics")["pod_metrics"]:
            rows = pods[pod["pod_sandbox_id"]] = []
            for holder in [pod, *pod.get("container_metrics", [])]:
                for one in holder.get("metrics", []):
                    self.assertEqual(len(keys[one["name"]]), len(one["label_values"]), one)
                    rows.append((one["name"], dict(zip(keys[one["name"]], one["label_values"])), int(one["value"].get("value", 0))))
        return pods

    def test_metrics_have_the_cgroups_figures(self):
        pod = self.pod()
        made = self.started(pod, "sh", "-c", "head -c 20000000 /dev/zero >/dev/shm/x; while :; do :; done",
                            linux={"resources": {"memory_limit_in_bytes": 64 << 20, "cpu_period": 100000, "cpu_quota": 50000}})
        seen = lambda name, /, **labels: [value for each, has, value in self.metrics()[pod] if each == name and labels.items() <= has.items()]
        wait_until(lambda: seen("container_cpu_usage_seconds_total") >= [1], 60, "a second of CPU time")
        self.assertGreater(seen("container_memory_usage_bytes", container="main", pod="pod", namespace="default", name=made)[0], 20_000_000)
        self.assertEqual((seen("container_spec_memory_limit_bytes"), seen("container_spec_cpu_quota")), ([64 << 20], [50000]))
        self.assertGreater(seen("container_cpu_cfs_throttled_periods_total")[0], 0)
        self.assertEqual(len(seen("container_memory_failures_total")), 2)
        self.assertGreater(seen("container_memory_failures_total", failure_type="pgfault")[0], 0)
        self.assertEqual(len(seen("container_network_receive_bytes_total", interface="eth0", container="")), 1)
        self.assertGreaterEqual(seen("container_threads")[0], 1)
        self.assertEqual(len(seen("container_fs_usage_bytes")), 1)
        streamed = [each for message in self.cri.all("StreamPodSandboxMetrics") for each in message["pod_sandbox_metrics"]]
        self.assertEqual([each["pod_sandbox_id"] for each in streamed], [pod])

    def test_one_that_does_not_run_has_no_metrics(self):
        pod = self.pod()
        self.exited(self.started(pod, "true"))
        self.assertEqual(self.metrics(), {pod: []})

    def test_the_writable_layer_is_measured(self):
        made = self.started(self.pod(), "sh", "-c", "mkdir /d; head -c 3000000 /dev/zero >/d/f; touch /d/g; sync; sleep 1000")

        def layer():
            return self.cri("ContainerStats", {"container_id": made})["stats"]["writable_layer"]
        wait_until(lambda: int(layer()["used_bytes"].get("value", 0)) >= 3_000_000, 60, "the layer to be measured anew")
        found = layer()
        self.assertLess(int(found["used_bytes"]["value"]), 4_000_000)
        self.assertGreaterEqual(int(found["inodes_used"]["value"]), 4)
        self.assertEqual(found["fs_id"]["mountpoint"], self.daemon.root)

    def test_memory_has_its_parts(self):
        pod = self.pod()
        made = self.started(pod, "sh", "-c", "x=$(head -c 4000000 /dev/zero | tr '\\0' a); sleep 1000; true")
        memory = lambda: self.cri("ContainerStats", {"container_id": made})["stats"]["memory"]
        wait_until(lambda: int(memory()["rss_bytes"].get("value", 0)) > 4_000_000, what="the shell to hold its string")
        self.assertGreater(int(memory()["page_faults"]["value"]), 100)
        self.assertIn("major_page_faults", memory())
        whole = self.cri("PodSandboxStats", {"pod_sandbox_id": pod})["stats"]["linux"]
        self.assertGreater(int(whole["memory"]["rss_bytes"]["value"]), 4_000_000)
        self.assertIn("eth0", whole["network"]["default_interface"]["name"])

    def test_pressure_is_told_where_the_kernel_keeps_it(self):
        made = self.started(self.pod(), "sleep", "1000")
        with open(f"/proc/{self.pid(made)}/cgroup", encoding="ascii") as lines:
            unified = next((line.rstrip("\n")[3:] for line in lines if line.startswith("0::")), "/")
        roots = [root for root in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified") if os.path.exists(f"{root}{unified}/cpu.pressure")]
        stats = self.cri("ContainerStats", {"container_id": made})["stats"]
        self.assertEqual("psi" in stats["cpu"], bool(roots) and unified.endswith(made), (unified, stats))


class Changes(PodCase):
    def events(self, listening):
        out, err = listening.communicate()
        self.assertEqual(listening.returncode, 0, err)
        return [json.loads(line) for line in out.splitlines()]

    def listen(self, messages):
        listening = self.cri.begin("GetContainerEvents", messages=messages, seconds=60)
        self.assertEqual(listening.stderr.readline(), "begun\n")
        return listening

    def test_a_pods_own_events_say_how_it_and_its_containers_are(self):
        listening = self.listen(8)
        pod = self.pod()
        made = self.started(pod, "sleep", "1000")
        self.cri("StopPodSandbox", {"pod_sandbox_id": pod})
        self.cri("RemovePodSandbox", {"pod_sandbox_id": pod})
        events = self.events(listening)
        kind = lambda each: each.get("container_event_type", "CONTAINER_CREATED_EVENT")[len("CONTAINER_"):-len("_EVENT")]
        own = [each for each in events if each["container_id"] == pod]
        self.assertEqual([kind(each) for each in own], ["CREATED", "STARTED", "STOPPED", "DELETED"])
        self.assertEqual([kind(each) for each in events if each["container_id"] == made], ["CREATED", "STARTED", "STOPPED", "DELETED"])
        for each in events:
            self.assertEqual(each["pod_sandbox_status"]["metadata"]["name"], "pod")
        self.assertEqual(own[3]["pod_sandbox_status"]["state"], "SANDBOX_NOTREADY")
        stopped = next(each for each in events if kind(each) == "STOPPED" and each["container_id"] == made)
        self.assertEqual([each["state"] for each in stopped["containers_statuses"]], ["CONTAINER_EXITED"])

    def limit(self, container, controller, v1_name, v2_name):
        """What the kernel has for it."""
        with open(f"/proc/{self.pid(container)}/cgroup", encoding="ascii") as lines:
            paths = dict(line.rstrip("\n").split(":", 2)[1:] for line in lines)
        for file in (f"/sys/fs/cgroup/{controller}{paths.get(controller)}/{v1_name}", f"/sys/fs/cgroup{paths.get('')}/{v2_name}"):
            if os.path.exists(file):
                return host.read(file).strip()
        return None

    def test_resources_are_changed_while_it_runs(self):
        made = self.started(self.pod(), "sleep", "1000", linux={"resources": {"memory_limit_in_bytes": 64 << 20, "cpu_shares": 512}})
        self.assertEqual(self.limit(made, "memory", "memory.limit_in_bytes", "memory.max"), str(64 << 20))
        self.cri("UpdateContainerResources", {"container_id": made, "linux": {
            "memory_limit_in_bytes": 96 << 20, "cpu_quota": 20000, "cpu_period": 50000}})
        self.assertEqual(self.limit(made, "memory", "memory.limit_in_bytes", "memory.max"), str(96 << 20))
        self.assertIn(self.limit(made, "cpu", "cpu.cfs_quota_us", "cpu.max"), ("20000", "20000 50000"))
        shown = self.status(made)["resources"]["linux"]
        self.assertEqual((int(shown["memory_limit_in_bytes"]), int(shown["cpu_quota"]), int(shown["cpu_shares"])), (96 << 20, 20000, 512))

    def test_resources_of_one_that_was_not_started_are_those_of_its_start(self):
        made = self.container(self.pod(), "sleep", "1000", linux={"resources": {"memory_limit_in_bytes": 64 << 20}})
        self.cri("UpdateContainerResources", {"container_id": made, "linux": {"memory_limit_in_bytes": 80 << 20}})
        self.cri("StartContainer", {"container_id": made})
        self.assertEqual(self.limit(made, "memory", "memory.limit_in_bytes", "memory.max"), str(80 << 20))

    def test_what_has_no_resources_any_more_says_so(self):
        made = self.started(self.pod(), "true")
        self.exited(made)
        self.refused(cri_client.FAILED_PRECONDITION, "UpdateContainerResources",
                     {"container_id": made, "linux": {"memory_limit_in_bytes": 64 << 20}}, "exited")
        self.refused(cri_client.NOT_FOUND, "UpdateContainerResources", {"container_id": "0" * 64, "linux": {}})
