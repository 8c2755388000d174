"""The command line's own verbs for images, networks and changes, as docker's users type them."""
import json
import subprocess
import tempfile

from harness import BIN, Case, wait_until


class Images(Case):
    def test_commit_diff_history_tag_and_push(self):
        self.ok("run", "--name", "made", self.base, "sh", "-c", "echo hi > /new; rm /etc/group")
        changed = self.ok("diff", "made").splitlines()
        self.assertIn("A /new", changed)
        self.assertIn("D /etc/group", changed)
        self.assertIn("C /etc", changed)
        image = self.ok("commit", "-m", "by hand", "-c", "CMD cat /new", "-a", "me", "made", "mine:1").strip()
        self.assertEqual(self.ok("image", "inspect", "-f", "{{.Id}} {{.Author}}", "mine:1").split(), [image, "me"])
        self.assertEqual(self.ok("run", "--rm", "mine:1"), "hi\n")
        rows = [json.loads(line) for line in self.ok("history", "--json", "mine:1").splitlines()]
        self.assertEqual((rows[0]["Comment"], rows[0]["ID"]), ("by hand", image.removeprefix("sha256:")[:12]))
        name = f"{self.session.registry.address}/pushed:2"
        self.ok("tag", "mine:1", name)
        said = self.ok("push", name)
        self.assertIn("2: digest: sha256:", said)
        self.assertEqual(self.ok("push", "-q", name).strip(), name)
        self.ok("rmi", name, "mine:1")
        self.ok("pull", "-q", name)
        self.assertEqual(self.ok("image", "inspect", "-f", "{{.Id}}", name).strip(), image)
        self.ok("rmi", name)
        self.refused("does not exist locally with the tag: nothing", "push", "nothing:1")

    def test_save_and_load_and_import(self):
        with tempfile.TemporaryDirectory(prefix="gantry-e2e-") as folder:
            kept = f"{folder}/saved.tar"
            self.ok("tag", self.base, "kept:1")
            self.ok("save", "-o", kept, "kept:1")
            image = self.ok("image", "inspect", "-f", "{{.Id}}", "kept:1")
            self.ok("rmi", "kept:1")
            self.assertEqual(self.ok("load", "-i", kept), "Loaded image: kept:1\n")
            self.assertEqual(self.ok("image", "inspect", "-f", "{{.Id}}", "kept:1"), image)
            self.ok("rmi", "kept:1")
            with open(kept) as file:
                loaded = subprocess.run([f"{BIN}/gantry", "load", "-q"], stdin=file, env=self.daemon.environment, capture_output=True, text=True)
            self.assertEqual((loaded.returncode, loaded.stdout), (0, "Loaded image: kept:1\n"), loaded.stderr)
            self.ok("create", "--name", "root", "kept:1")
            self.ok("export", "-o", f"{folder}/root.tar", "root")
            made = self.ok("import", "-c", "CMD echo imported", "-m", "from a file", f"{folder}/root.tar", "flat:1").strip()
            self.assertRegex(made, "^sha256:[0-9a-f]{64}$")
            self.assertEqual(self.ok("run", "--rm", "flat:1"), "imported\n")
            self.ok("rm", "root"), self.ok("rmi", "flat:1", "kept:1")


class Networks(Case):
    def test_a_network_is_made_joined_left_and_removed(self):
        made = self.ok("network", "create", "--subnet", "10.83.5.0/24", "--label", "of=test", "mine").strip()
        self.assertRegex(made, "^[0-9a-f]{64}$")
        self.ok("run", "-d", "--name", "one", "--network", "mine", "--network-alias", "first", "--ip", "10.83.5.7", self.base, "sleep", "1000")
        self.ok("run", "-d", "--name", "two", self.base, "sleep", "1000")
        self.ok("network", "connect", "--alias", "second", "mine", "two")
        self.assertIn("10.83.5.7", self.ok("exec", "two", "sh", "-c", "ping -c 1 -W 5 first"))
        mac = self.ok("inspect", "-f", "{{.NetworkSettings.Networks.mine.MacAddress}}", "two").strip()
        self.assertIn(mac, self.ok("exec", "two", "cat", "/sys/class/net/eth1/address"))
        self.refused("active endpoints", "network", "rm", "mine", code=1)
        self.ok("network", "disconnect", "mine", "two")
        self.assertNotIn("mine", self.daemon.inspect("two")["NetworkSettings"]["Networks"])
        self.ok("rm", "-f", "one", "two")
        self.assertEqual(self.ok("network", "ls", "-q", "--no-trunc", "--filter", "label=of=test").strip(), made)
        self.assertEqual(self.ok("network", "prune", "-f"), "Deleted Networks:\nmine\n\n")
        self.refused("not found", "network", "rm", "mine", code=1)
        self.ok("network", "rm", "-f", "mine")

    def test_several_networks_at_once(self):
        self.ok("network", "create", "left"), self.ok("network", "create", "right")
        self.ok("run", "-d", "--name", "both", "--network", "left", "--network", "name=right,alias=other", self.base, "sleep", "1000")
        networks = self.daemon.inspect("both")["NetworkSettings"]["Networks"]
        self.assertEqual(sorted(networks), ["left", "right"])
        self.assertIn("other", networks["right"]["Aliases"])
        self.ok("rm", "-f", "both")
        self.assertEqual(self.ok("network", "rm", "left", "right"), "left\nright\n")


class Changes(Case):
    def test_update_and_stats(self):
        self.ok("run", "-d", "--name", "limited", self.base, "sleep", "1000")
        self.assertEqual(self.ok("update", "-m", "64m", "--restart", "on-failure:3", "limited"), "limited\n")
        host = self.daemon.inspect("limited")["HostConfig"]
        self.assertEqual((host["Memory"], host["RestartPolicy"]), (64 << 20, {"Name": "on-failure", "MaximumRetryCount": 3}))
        self.assertEqual(self.ok("stats", "--no-stream", "--format", "{{.Name}} {{.BlockIO}}", "limited").split()[0], "limited")
        stream = self.daemon.begin("stats", "limited")
        try:
            wait_until(lambda: "limited" in stream.stdout.readline(), 20)
        finally:
            stream.terminate()
            stream.communicate()
        self.refused("one or more flags", "update", "limited", code=1)
