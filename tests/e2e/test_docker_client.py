"""The stock docker client against gantryd: what its users type."""
import json

from docker_client import DockerCase
from harness import wait_until


class DockerClient(DockerCase):
    def test_version_and_info(self):
        self.assertIn("Server", self.d_ok("version"))
        self.d_ok("info")

    def test_pull_images_rmi(self):
        # Its one layer is the base image's, but not compressed as that: the blob is kept too.
        self.assertIn("Pull complete", self.d_ok("pull", self.session.entry))
        self.assertIn("/entry", self.d_ok("images"))
        self.assertEqual(json.loads(self.d_ok("inspect", self.session.entry))[0]["Config"]["Labels"], {"of": "image"})
        self.assertIn("Untagged", self.d_ok("rmi", self.session.entry))

    def test_run_attached(self):
        done = self.d("run", "--rm", self.base, "sh", "-c", "echo out; echo err >&2; exit 3")
        self.assertEqual((done.stdout, done.stderr, done.returncode), ("out\n", "err\n", 3))
        self.assertEqual(self.d_ok("run", "--rm", "-i", self.base, "cat", input="abc"), "abc")
        self.assertEqual(self.d("run", "--rm", self.base, "no-such-program").returncode, 127)

    def test_run_detached_logs_exec_stop_rm(self):
        self.d_ok("run", "-d", "--name", "web", "-p", "127.0.0.1::80", self.base, "sh", "-c", "echo up; exec sleep 1000")
        wait_until(lambda: self.d_ok("logs", "web") == "up\n")
        self.assertIn("web", self.d_ok("ps"))
        self.assertIn("127.0.0.1", self.d_ok("port", "web"))
        self.assertEqual(self.d_ok("exec", "web", "echo", "in"), "in\n")
        self.assertEqual(self.d("exec", "web", "sh", "-c", "exit 6").returncode, 6)
        self.assertIn("sleep", self.d_ok("top", "web"))
        self.d_ok("rename", "web", "site")
        self.d_ok("pause", "site")
        self.d_ok("unpause", "site")
        self.d_ok("restart", "-t", "0", "site")
        self.d_ok("stop", "-t", "0", "site")
        self.assertEqual(self.d_ok("wait", "site").strip(), "137")
        self.d_ok("rm", "site")
        self.assertEqual(self.d_ok("ps", "-aq"), "")

    def test_create_start_attach(self):
        self.d_ok("create", "--name", "cc", "-v", "vol:/v", "--memory", "64m", "--label", "a=b", self.base, "echo", "hello")
        self.assertEqual(self.d_ok("start", "-a", "cc"), "hello\n")
        self.assertIn("vol", self.d_ok("volume", "ls"))
        self.d_ok("rm", "cc")
        self.d_ok("volume", "rm", "vol")
        self.assertIn("bridge", self.d_ok("network", "ls"))

    def test_stats_and_prune(self):
        self.d_ok("run", "-d", "--name", "st", self.base, "sleep", "1000")
        self.assertIn("st", self.d_ok("stats", "--no-stream"))
        self.d_ok("kill", "st")
        self.d_ok("container", "prune", "-f")
        self.assertEqual(self.d_ok("ps", "-aq"), "")
