"""A node's worth of pods over the CRI: all ready, listed at once, and nothing left of them."""
import json
import os
import subprocess

from cri_case import OwnNetwork, PodCase
from harness import BIN, PATIENCE, SLOW, host, wait_until

PODS, CONTAINERS = (12, 2) if SLOW else (110, 2)  # 110: a kubelet's default for a node


class Scale(OwnNetwork, PodCase):
    bridge, subnet = f"gs{os.getpid() % 100000}", "10.214.11"

    def tearDown(self):
        for pod in self.cri("ListPodSandbox").get("items", []):
            self.cri("RemovePodSandbox", {"pod_sandbox_id": pod["id"]})
        super().tearDown()

    def load(self, *options):
        run = subprocess.run([f"{BIN}/gantry-cri-load", self.socket, self.base, *map(str, options)], capture_output=True,
                             text=True, timeout=500 * PATIENCE)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr + self.daemon.log()[-3000:])
        return json.loads(run.stdout)

    def test_a_node_full_of_pods_comes_and_goes(self):
        before = host.links(), host.network_names(), host.rules()
        said = self.load("--pods", PODS, "--containers", CONTAINERS, "--in-flight", 8, "--poll", 3, "--check", "yes", "--engine", self.daemon.run_dir)
        self.assertEqual((said["ready"], said["running"], said["left"]), (PODS, PODS * CONTAINERS, 0))
        if not SLOW:
            self.assertLess(said["list_ms"], 50)
        self.assertEqual((host.links(), host.network_names(), host.rules()), before)
        leases = [name for name in os.listdir(f"{self.folder}/ipam/{self.bridge}") if name.startswith(self.subnet)]
        self.assertEqual(leases, [])
        pods = [name for name in host.cgroups_below(self.session.mark) if "/k8s/" in name]
        self.assertEqual(pods, [])
        # What was renamed away is deleted by and by.
        # Beside the layers lies the number of the next one.
        wait_until(lambda: os.listdir(f"{self.daemon.root}/snapshots") == ["next"], 60, "the writable layers to be deleted")
