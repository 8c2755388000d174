"""End-to-end tests: real programs, a real registry, real containers. What a test file needs is here.

A Session is one test file's run: a folder under /tmp, a registry with images. A Daemon is one gantryd with folders of
its own. Session.close() fails when anything is left on the host (host.py says what is looked at).
"""
import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import engine_api
import host
import images
from registry import RealRegistry, ScriptedRegistry, wait_until  # noqa: F401 (tests take them from here)

BIN = os.environ.get("GANTRY_BIN") or os.path.join(os.path.dirname(__file__), "../../build/release/bin")
BIN = os.path.abspath(BIN)
SLOW = os.environ.get("GANTRY_SANITIZED") == "1"  # fewer containers where each costs more
RUNTIME = os.environ.get("GANTRY_TEST_RUNTIME", "")  # what containers are run by; empty: the default
PATIENCE = float(os.environ.get("GANTRY_PATIENCE", "1"))


class Session:
    current = None

    def __init__(self):
        # Letters that an image's name may have too: podman makes one of a layout's path.
        self.folder = f"{tempfile.gettempdir()}/gantry-e2e-{os.urandom(4).hex()}"
        os.mkdir(self.folder, 0o700)
        self.mark = os.path.basename(self.folder)  # in the name of all that is ours on the host
        self.daemons = []
        self.before = self._looks()
        atexit.register(self._last_resort)
        os.makedirs(f"{self.folder}/registry")
        self.registry = RealRegistry(f"{self.folder}/registry")
        self.base = self.push("base:latest", images.base_image())
        self.entry = self.push("entry:1", images.entry_image())
        Session.current = self

    def push(self, name, image):
        images.push(image, self.registry.address, name, f"{self.folder}/layout-{name.replace(':', '-')}")
        return f"{self.registry.address}/{name}"

    def daemon(self, *flags, **keys):
        self.daemons.append(Daemon(self, len(self.daemons), flags, keys))
        return self.daemons[-1]

    @staticmethod
    def _looks():
        return host.links(), host.network_names(), host.rules()

    def left(self):
        """What is on the host now and was not before, in words."""
        found = [f"process {pid}: {line}" for pid, line in host.processes_with(self.mark).items()
                 if "docker-registry" not in line]
        found += [f"mount {line}" for line in host.mounts(self.mark)]
        found += [f"cgroup {name}" for name in host.cgroups_below(self.mark)]
        found += [f"{one.folder}: gantryd ended by itself with {one.process.returncode}"
                  for one in self.daemons if one.ended_by_itself()]
        for before, now, what in zip(self.before, self._looks(), ("link", "network namespace", "packet rule")):
            found += [f"{what} {name}" for name in now - before]
        return found

    def close(self):
        """Ends all; returns what was left on the host in spite of that."""
        for daemon in self.daemons:
            daemon.close()
        try:
            wait_until(lambda: not self.left(), 10)
        except TimeoutError:
            pass
        left = self.left()
        self.registry.close()
        self._last_resort()
        return left

    def _last_resort(self):
        """Ends what is ours by its folder's name, so that a failed test fails alone."""
        for _ in range(3):
            for pid in host.processes_with(self.mark):
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass
            time.sleep(0.05)
        for line in reversed(host.mounts(self.mark)):
            subprocess.run(["umount", "-l", line.split()[4]], stderr=subprocess.DEVNULL)
        for cgroup in sorted(host.cgroups_below(self.mark), key=len, reverse=True):
            try:
                os.rmdir(cgroup)  # a daemon that was killed leaves the parent of its containers
            except OSError:
                pass
        for folder in (self.folder, *(daemon.run_dir for daemon in self.daemons)):
            shutil.rmtree(folder, ignore_errors=True)


class Daemon:
    def __init__(self, session, number, flags=(), keys=None):
        self.session, self.flags, self.process = session, list(flags), None
        # A test that names a runtime is about that one, whatever the others are run by.
        if RUNTIME and "--runtime" not in flags and "runtime" not in (keys or {}):
            self.flags += ["--runtime", RUNTIME]
        self.folder = f"{session.folder}/{number}"
        # As on a host: the run folder on /run, which is a tmpfs.
        self.root, self.run_dir = f"{self.folder}/root", f"/run/{session.mark}-{number}"
        self.socket = f"{self.run_dir}/gantry.sock"
        os.makedirs(self.folder)
        self.cgroup_parent = f"/{os.path.basename(session.folder)}-{number}"
        with open(f"{self.folder}/gantry.toml", "w") as file:
            for key, value in {"cgroup_parent": self.cgroup_parent, **(keys or {})}.items():
                file.write(f"{key} = {json.dumps(value)}\n")
        self.environment = {**os.environ, "GANTRY_HOST": f"unix://{self.socket}", "GANTRY_ROOT": self.root,
                            "GANTRY_RUN_DIR": self.run_dir, "HOME": self.folder}
        for name in ("DOCKER_HOST", "DOCKER_CONFIG"):
            self.environment.pop(name, None)

    # ---- the program

    def command(self):
        return [f"{BIN}/gantryd", "--root", self.root, "--run-dir", self.run_dir, "--host", f"unix://{self.socket}",
                "--config", f"{self.folder}/gantry.toml", *self.flags]

    def start(self):
        self.end_is_wanted = False
        with open(f"{self.folder}/log", "a") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            start_new_session=True)  # as a service manager starts it
        wait_until(self.answers, 30, "gantryd to answer")
        return self

    def answers(self):
        if self.process and self.process.poll() is not None:
            self.end_is_wanted = True  # whoever starts it is told
            raise RuntimeError(f"gantryd ended with {self.process.returncode}:\n{self.log()[-3000:]}")
        try:
            return self.api("GET", "/_ping", timeout=5)[0] == 200
        except OSError:
            return False

    def log(self):
        return host.read(f"{self.folder}/log") + host.read(f"{self.run_dir}/gantryd.log")

    def kill9(self):
        self.end_is_wanted = True
        self.process.kill()
        self.process.wait()

    def ended_by_itself(self):
        return self.process is not None and self.process.poll() is not None and not self.end_is_wanted

    def stop(self, seconds=40):
        """SIGTERM; the exit status."""
        self.end_is_wanted = True
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                return self.process.wait(seconds * PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"gantryd did not end on SIGTERM:\n{self.log()[-3000:]}")
        return self.process.returncode if self.process else 0

    def monitors(self):
        return [pid for pid, line in host.processes_with(self.run_dir).items() if "gantry-monitor" in line.split(" ")[0]]

    def remove_all(self):
        ids = self.ok("ps", "-aq", "--no-trunc").split()
        for at in range(0, len(ids), 100):
            self.gantry("rm", "-f", "-v", *ids[at:at + 100], timeout=300)

    def close(self):
        if self.ended_by_itself():
            print(f"gantryd ended by itself with {self.process.returncode}:\n{self.log()[-6000:]}", file=sys.stderr)
        try:
            if self.process and self.process.poll() is None:
                self.remove_all()
                self.stop()
        except Exception as error:  # the leak check says what is left
            print(f"closing a daemon: {error}", file=sys.stderr)

    # ---- its clients

    def gantry(self, *arguments, input=None, timeout=120, program=f"{BIN}/gantry", **options):
        return subprocess.run([program, *arguments], env=self.environment, input=input, capture_output=True, text=True,
                              timeout=timeout * PATIENCE, stdin=None if input is not None else subprocess.DEVNULL, **options)

    def ok(self, *arguments, **options):
        """Standard output of a command that must succeed."""
        done = self.gantry(*arguments, **options)
        if done.returncode:
            raise AssertionError(f"gantry {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}{done.stderr}\n"
                                 f"--- end of the daemon's log\n{self.log()[-2000:]}")
        return done.stdout

    def begin(self, *arguments, **options):
        return subprocess.Popen([f"{BIN}/gantry", *arguments], env=self.environment, text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, stdin=options.pop("stdin", subprocess.DEVNULL), **options)

    def api(self, method, target, body=None, **options):
        return engine_api.call(self.socket, method, target, body, **options)

    def inspect(self, name):
        return json.loads(self.ok("inspect", name))[0]

    def state(self, name):
        return self.inspect(name)["State"]

    def ids(self):
        return set(self.ok("ps", "-aq", "--no-trunc").split())


class Case(unittest.TestCase):
    """Tests that share one daemon, with the base image there; what each makes is removed after it."""
    flags, keys = (), {}
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.session = Session.current
        cls.daemon = cls.make_daemon().start()
        cls.base = cls.session.base
        cls.daemon.ok("pull", "-q", cls.base)

    @classmethod
    def make_daemon(cls):
        return cls.session.daemon(*cls.flags, **cls.keys)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.close()

    def tearDown(self):
        if self.daemon.process.poll() is None:
            self.daemon.remove_all()

    def gantry(self, *arguments, **options):
        return self.daemon.gantry(*arguments, **options)

    def ok(self, *arguments, **options):
        return self.daemon.ok(*arguments, **options)

    def run_ok(self, *arguments, **options):
        """Output of `gantry run --rm` of the base image: options of run, then "--", then the command."""
        at = arguments.index("--")
        return self.ok("run", "--rm", *arguments[:at], self.base, *arguments[at + 1:], **options)

    def refused(self, word, *arguments, code=None):
        """A command that must fail, with `word` in what it says."""
        done = self.gantry(*arguments)
        self.assertNotEqual(done.returncode, 0, f"{arguments} succeeded: {done.stdout}")
        if code is not None:
            self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(word.lower(), done.stderr.lower())
        return done.stderr

    def wait_state(self, name, status, seconds=20):
        wait_until(lambda: self.daemon.state(name)["Status"] == status, seconds, f"{name} to be {status}")
