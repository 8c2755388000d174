"""Engines of others drive gantry-oci, the native launcher with runc's command line: podman, containerd.

Both keep state in folders whose names are built in: each runs in a mount namespace where these are empty, and which is
gone with its last process."""
import json
import os
import shutil
import signal
import subprocess
import time
import unittest

import host
import images
from harness import BIN, PATIENCE, Session, wait_until

OCI = f"{BIN}/gantry-oci"
LIMITS = '["nofile=1024:4096", "nproc=1024:4096"]'  # podman's own are above what a host may allow


class Engine(unittest.TestCase):
    """A mount namespace and a folder for one engine."""
    program = ""
    hidden = ("/run", "/dev/shm", "/var/lib/containers", "/var/lib/containerd", "/var/lib/cni", "/etc/cni")

    @classmethod
    def setUpClass(cls):
        if not shutil.which(cls.program):
            raise unittest.SkipTest(f"{cls.program} is not installed")
        cls.session = Session.current
        cls.folder = f"{cls.session.folder}/{cls.program}"
        cls.parent = f"/{os.path.basename(cls.session.folder)}-{cls.program}"  # of cgroups
        os.makedirs(f"{cls.folder}/run")
        images.base_image().write_layout(f"{cls.folder}/layout", "base")
        hide = "".join(f"if test -d {path}; then mount -t tmpfs tmpfs {path}; fi; " for path in cls.hidden)
        cls.holder = subprocess.Popen(["unshare", "-m", "--propagation", "private", "sh", "-ec", f"{hide} echo; exec cat"],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # ends with this process too
        cls.addClassCleanup(cls.end_holder)
        cls.holder.stdout.readline()

    @classmethod
    def end_holder(cls):
        cls.holder.communicate()

    @classmethod
    def tearDownClass(cls):
        try:
            wait_until(lambda: not host.processes_with(cls.folder), 10)
        except TimeoutError:
            raise AssertionError(f"{cls.program} left {host.processes_with(cls.folder)}") from None
        for folder in sorted(host.cgroups_below(cls.parent[1:]), key=len, reverse=True):
            os.rmdir(folder)  # the parent; a container's that is still there is no empty one

    @classmethod
    def inside(cls, *command, **options):
        """The command in the engine's mount namespace."""
        return subprocess.run(["nsenter", "-m", "-t", str(cls.holder.pid), "--", *command], capture_output=True,
                              text=True, timeout=60 * PATIENCE, stdin=subprocess.DEVNULL, **options)

    def succeeded(self, done, code=0):
        self.assertEqual(done.returncode, code, f"{done.args}\n{done.stdout}{done.stderr}")
        return done.stdout


class Podman(Engine):
    program = "podman"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(f"{cls.folder}/containers.conf", "w") as file:
            file.write(f'[containers]\nnetns = "none"\ndefault_ulimits = {LIMITS}\n'
                       f'[engine]\nruntime_supports_json = ["gantry-oci"]\n'
                       f'[network]\nnetwork_config_dir = "{cls.folder}/networks"\n')
        done = cls.podman("pull", "-q", f"oci:{cls.folder}/layout:base")
        assert done.returncode == 0, done.stderr
        cls.image = done.stdout.strip()

    @classmethod
    def tearDownClass(cls):
        cls.podman("rm", "-f", "-t", "0", "-a")
        cls.podman("rmi", "-f", "-a")
        super().tearDownClass()

    @classmethod
    def podman(cls, *words):
        return cls.inside(
            "podman", "--root", f"{cls.folder}/root", "--runroot", f"{cls.folder}/runroot", "--tmpdir", f"{cls.folder}/tmp",
            "--storage-driver", "overlay", "--cgroup-manager", "cgroupfs", "--events-backend", "file", "--runtime", OCI,
            *words, env={**os.environ, "CONTAINERS_CONF": f"{cls.folder}/containers.conf"})

    def run_in(self, *words, code=0):
        """Output of `podman run`: its options, then "--", then the command."""
        at = words.index("--")
        return self.succeeded(self.podman("run", "--rm", "--cgroup-parent", self.parent, *words[:at], self.image,
                                          *words[at + 1:]), code)

    def start(self, name, *options):
        self.succeeded(self.podman("run", "-d", "--name", name, "--cgroup-parent", self.parent, *options, self.image,
                                   "sleep", "100"))
        self.addCleanup(self.podman, "rm", "-f", "-t", "0", name)

    def test_runs_and_tells_the_exit_code(self):
        self.assertEqual(self.run_in("--", "echo", "hello"), "hello\n")
        self.run_in("--", "sh", "-c", "exit 5", code=5)

    def test_what_is_said_of_a_program_that_cannot_run_is_understood(self):
        self.assertIn("executable file not found", self.podman_fails(127, "nope"))
        self.assertIn("permission denied", self.podman_fails(126, "/etc"))

    def podman_fails(self, code, program):
        done = self.podman("run", "--rm", "--cgroup-parent", self.parent, self.image, program)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertNotIn("level=error", done.stderr)  # the JSON log was read
        return done.stderr

    def test_a_life_with_execs(self):
        self.start("life")
        self.assertEqual(self.succeeded(self.podman("exec", "life", "sh", "-c", "echo in; exit 7"), 7), "in\n")
        self.assertEqual(self.succeeded(self.podman("exec", "-u", "user", "life", "id", "-u")), "1000\n")
        self.succeeded(self.podman("exec", "life", "nope"), 127)
        self.assertIn("sleep 100", self.succeeded(self.podman("top", "life")))
        self.succeeded(self.podman("pause", "life"))
        self.assertEqual(self.state("life", "Status"), "paused")
        self.succeeded(self.podman("unpause", "life"))
        self.succeeded(self.podman("update", "--memory", "100m", "life"))
        limits = [host.read(f"{path}/{name}").strip() for path in host.cgroups_below(self.parent[1:])
                  for name in ("memory.limit_in_bytes", "memory.max")]
        self.assertIn(str(100 << 20), limits)
        self.assertEqual(json.loads(self.succeeded(self.podman("stats", "--no-stream", "--format", "json", "life")))[0]["pids"], "1")
        self.succeeded(self.podman("kill", "-s", "KILL", "life"))
        wait_until(lambda: self.state("life", "Status") == "exited", 10)
        self.assertEqual(self.state("life", "ExitCode"), "137")
        self.succeeded(self.podman("start", "life"))
        self.assertEqual(self.state("life", "Status"), "running")

    def state(self, name, field):
        return self.succeeded(self.podman("inspect", "-f", f"{{{{.State.{field}}}}}", name)).strip()

    def test_terminals(self):
        self.assertEqual(self.run_in("-t", "--", "tty"), "/dev/pts/0\n")
        self.start("terminal")
        self.assertIn("/dev/pts/", self.succeeded(self.podman("exec", "-t", "terminal", "tty")))

    def test_limits(self):
        self.assertEqual(self.run_in("-m", "32m", "--pids-limit", "50", "--cpus", "0.5", "--", "cat",
                                     "/sys/fs/cgroup/memory/memory.limit_in_bytes")
                         if os.path.isdir("/sys/fs/cgroup/memory") else
                         self.run_in("-m", "32m", "--", "cat", "/sys/fs/cgroup/memory.max"), f"{32 << 20}\n")
        self.run_in("-m", "32m", "--", "sh", "-c", "tail /dev/zero", code=137)

    def test_mounts(self):
        self.assertIn("passwd", self.run_in("--tmpfs", "/etc", "--", "ls", "/etc"))  # tmpcopyup
        self.run_in("--read-only", "--", "touch", "/x", code=1)
        os.makedirs(f"{self.folder}/volume", exist_ok=True)
        self.run_in("-v", f"{self.folder}/volume:/v:shared", "--", "touch", "/v/made")
        self.assertTrue(os.path.exists(f"{self.folder}/volume/made"))

    def test_users_of_its_own_and_of_another(self):
        self.assertEqual(self.run_in("--uidmap", "0:100000:65536", "--", "cat", "/proc/self/uid_map").split(),
                         ["0", "100000", "65536"])
        os.makedirs(f"{self.folder}/mapped", exist_ok=True)
        mapped = ("--uidmap", "0:100000:65536", "-v", f"{self.folder}/mapped:/v:idmap")
        self.run_in(*mapped, "--", "touch", "/v/made")
        self.assertEqual(os.stat(f"{self.folder}/mapped/made").st_uid, 0)
        self.start("users", "--uidmap", "0:100000:65536")
        joined = ("--userns", "container:users", "--ipc", "container:users", "--pid", "container:users")
        self.assertIn("sleep 100", self.run_in(*joined, "--", "ps"))

    def test_a_checkpoint_is_refused(self):
        self.start("kept")
        self.assertNotEqual(self.podman("container", "checkpoint", "kept").returncode, 0)
        self.assertEqual(self.state("kept", "Status"), "running")


class Containerd(Engine):
    program = "containerd"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(f"{cls.folder}/config.toml", "w") as file:
            file.write(f'version = 2\nroot = "{cls.folder}/root"\nstate = "{cls.folder}/state"\ntemp = "{cls.folder}/temp"\n'
                       'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
                       f'[grpc]\n  address = "{cls.folder}/sock"\n'
                       f'[plugins."io.containerd.internal.v1.opt"]\n  path = "{cls.folder}/opt"\n')
        with open(f"{cls.folder}/log", "w") as log:
            cls.daemon = subprocess.Popen(["nsenter", "-m", "-t", str(cls.holder.pid), "--", "containerd", "-c",
                                           f"{cls.folder}/config.toml"], stdout=log, stderr=log)
        wait_until(lambda: cls.ctr("version").returncode == 0, 20)
        subprocess.run(["tar", "-C", f"{cls.folder}/layout", "-cf", f"{cls.folder}/image.tar", "."], check=True)
        done = cls.ctr("images", "import", "--base-name", "base", f"{cls.folder}/image.tar")
        assert done.returncode == 0, done.stderr
        cls.image = "base:base"

    @classmethod
    def tearDownClass(cls):
        for name in cls.ctr("tasks", "ls", "-q").stdout.split():
            cls.ctr("tasks", "rm", "-f", name)
        time.sleep(0.2)  # shims end on their own
        cls.daemon.terminate()
        cls.daemon.wait()
        super().tearDownClass()

    @classmethod
    def ctr(cls, *words):
        return cls.inside("ctr", "-a", f"{cls.folder}/sock", "-n", "engines", *words)

    def options(self, name, *more):
        return ("--runc-binary", OCI, "--runc-root", f"{self.folder}/records", "--fifo-dir", f"{self.folder}/fifos",
                "--cgroup", f"{self.parent}/{name}", *more, self.image, name)

    def run_in(self, name, *words, code=0):
        at = words.index("--")
        return self.succeeded(self.ctr("run", "--rm", *self.options(name, *words[:at]), *words[at + 1:]), code)

    def start(self, name, *more):
        self.succeeded(self.ctr("run", "-d", *self.options(name, *more), "sleep", "100"))
        self.addCleanup(lambda: (self.ctr("tasks", "rm", "-f", name), self.ctr("containers", "rm", name)))

    def state(self, name):
        lines = [line.split() for line in self.succeeded(self.ctr("tasks", "ls")).split("\n")]
        return next((line[2] for line in lines if line and line[0] == name), "")

    def test_runs_and_tells_the_exit_code(self):
        self.assertEqual(self.run_in("hello", "--", "echo", "hello"), "hello\n")
        self.run_in("code", "--", "sh", "-c", "exit 5", code=5)
        self.run_in("limited", "--memory-limit", str(32 << 20), "--cpus", "0.5", "--", "sh", "-c", "tail /dev/zero", code=137)
        self.run_in("closed", "--read-only", "--", "touch", "/x", code=1)

    def test_what_is_said_of_a_program_that_is_not_there_is_understood(self):
        done = self.ctr("run", "--rm", *self.options("absent"), "nope")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('exec: "nope": executable file not found in $PATH', done.stderr)

    def test_a_life_with_execs(self):
        self.start("life")
        done = self.ctr("tasks", "exec", "--fifo-dir", f"{self.folder}/fifos", "--exec-id", "e1", "life", "sh", "-c",
                        "echo in; exit 7")
        self.assertEqual(self.succeeded(done, 7), "in\n")
        self.succeeded(self.ctr("tasks", "pause", "life"))
        self.assertEqual(self.state("life"), "PAUSED")
        self.succeeded(self.ctr("tasks", "resume", "life"))
        self.assertIn("pids.current", self.succeeded(self.ctr("tasks", "metrics", "life")))
        self.assertEqual(len(self.succeeded(self.ctr("tasks", "ps", "life")).split("\n")), 3)
        refused = self.ctr("tasks", "checkpoint", "life")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn('does not implement "checkpoint"', refused.stderr)
        self.assertEqual(self.state("life"), "RUNNING")
        self.succeeded(self.ctr("tasks", "kill", "-s", "KILL", "life"))
        wait_until(lambda: self.state("life") == "STOPPED", 10)

    def test_a_terminal(self):
        words = ["nsenter", "-m", "-t", str(self.holder.pid), "--", "ctr", "-a", f"{self.folder}/sock", "-n", "engines", "run",
                 "--rm", "-t", *self.options("terminal"), "tty"]
        done = subprocess.run(["script", "-qec", " ".join(words), "/dev/null"], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60 * PATIENCE)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("/dev/pts/0", done.stdout)

    def test_kills_for_memory_are_events(self):
        with open(f"{self.folder}/events", "w") as file:
            events = subprocess.Popen(["nsenter", "-m", "-t", str(self.holder.pid), "--", "ctr", "-a", f"{self.folder}/sock",
                                       "-n", "engines", "events"], stdout=file)
        try:
            time.sleep(0.5)
            self.run_in("hungry", "--memory-limit", str(32 << 20), "--", "sh", "-c", "tail /dev/zero; sleep 1", code=0)
            wait_until(lambda: "/tasks/oom" in host.read(f"{self.folder}/events"), 10)
        finally:
            events.send_signal(signal.SIGKILL)
            events.wait()

    def test_a_folder_is_no_cgroup_of_systemds(self):
        done = self.ctr("run", "--rm", "--runc-systemd-cgroup", *self.options("slice"), "true")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("with systemd's cgroups it is \"SLICE:PREFIX:NAME\"", done.stderr)


class Program(unittest.TestCase):
    def test_its_version_and_features_are_told(self):
        said = subprocess.run([OCI, "--version"], capture_output=True, text=True, check=True).stdout
        self.assertRegex(said, r"^gantry-oci version \S+\nspec: 1\.\d+\.\d+\n$")
        features = json.loads(subprocess.run([OCI, "features"], capture_output=True, text=True, check=True).stdout)
        self.assertIn("time", features["linux"]["namespaces"])
        self.assertTrue(features["linux"]["mountExtensions"]["idmap"]["enabled"])


if __name__ == "__main__":
    unittest.main()
