"""A systemd as PID 1 of namespaces of its own, on cgroups v2 alone: what a host of today looks like to an engine."""
import os
import subprocess
import unittest

import host
from harness import Daemon, wait_until

PROGRAM = "/lib/systemd/systemd"
# Its own view: a cgroup2 hierarchy whose root is its cgroup, no units of the host's, a folder for its sockets. It leaves
# the rest of /run as it is where that is a mount.
BOOT = """
set -e
mount --make-rprivate /
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount --rbind /run /run
mount -t tmpfs tmpfs /run/systemd
mount -t tmpfs tmpfs /etc/systemd/system
mount -t tmpfs tmpfs /usr/lib/systemd/system
mount -t proc proc /proc
printf '[Unit]\\nDescription=Nothing but what tests start\\n' > /etc/systemd/system/default.target
exec env container=gantry-test SYSTEMD_LOG_TARGET=console """ + PROGRAM + """ --system --unit=default.target --log-level=warning
"""


def unified_mount():
    """Where this host has its cgroup2 hierarchy."""
    for line in host.read("/proc/self/mountinfo").split("\n"):
        if " - cgroup2 " in line:
            return line.split()[4]
    return None


class Systemd:
    def __init__(self, session):
        if not os.access(PROGRAM, os.X_OK):
            raise unittest.SkipTest("there is no systemd here")
        self.cgroup = f"{unified_mount()}/{session.mark}-systemd"
        os.mkdir(self.cgroup)
        os.makedirs("/run/systemd", exist_ok=True)
        with open(f"{session.folder}/systemd.log", "w") as log:
            self.process = subprocess.Popen(
                ["sh", "-c", f'echo $$ > {self.cgroup}/cgroup.procs && exec "$@"', "sh", "unshare", "--pid", "--fork",
                 "--kill-child", "--mount", "--cgroup", "--ipc", "--uts", "sh", "-c", BOOT, session.mark],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        wait_until(self._is_up, 30, "systemd to answer")

    def _is_up(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"systemd ended with {self.process.returncode}")
        children = host.read(f"/proc/{self.process.pid}/task/{self.process.pid}/children").split()
        self.pid = int(children[0]) if children else 0
        return self.pid and self("systemctl", "is-active", "default.target").stdout == "active\n"

    def __call__(self, *command, output=subprocess.PIPE):
        """Runs a command there, in a cgroup of its own beside systemd's: it must not be in the root of all."""
        enter = f'mkdir -p {self.cgroup}/clients && echo $$ > {self.cgroup}/clients/cgroup.procs && exec nsenter "$@"'
        return subprocess.run(["sh", "-c", enter, "sh", "-t", str(self.pid), "-p", "-m", "-C", "-i", "-u", *command],
                              stdout=output, stderr=output, stdin=subprocess.DEVNULL, text=True, timeout=120)

    def ok(self, *command):
        done = self(*command)
        if done.returncode:
            raise AssertionError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def write(self, path, text):
        os.makedirs(os.path.dirname(f"/proc/{self.pid}/root{path}"), exist_ok=True)
        with open(f"/proc/{self.pid}/root{path}", "w") as file:
            file.write(text)

    def show(self, unit, *properties):
        """{property: value}"""
        got = self.ok("systemctl", "show", unit, *(f"--property={name}" for name in properties))
        return dict(line.split("=", 1) for line in got.splitlines())

    def close(self):
        self.process.kill()  # and with it, by --kill-child, all in its namespaces
        self.process.wait()
        wait_until(self._is_gone, 20, f"{self.cgroup} to be empty")

    def _is_gone(self):
        for top, _, _ in os.walk(self.cgroup, topdown=False):
            try:
                os.rmdir(top)
            except OSError:
                return False
        return True


class Service(Daemon):
    """gantryd as a service of a Systemd's."""

    def __init__(self, session, number, system, keys):
        super().__init__(session, number, keys=keys)
        self.system, self.unit = system, f"{session.mark}-{number}.service"

    def start(self):
        # As gantry.service has it, but for what needs other units.
        lines = ["[Unit]", "DefaultDependencies=no", "[Service]", "Type=notify", "KillMode=process", "Delegate=yes",
                 f"StandardOutput=append:{self.folder}/log", f"StandardError=append:{self.folder}/log",
                 f"ExecStart={' '.join(self.command())}"]
        self.system.write(f"/run/systemd/system/{self.unit}", "\n".join(lines))
        self.system.ok("systemctl", "daemon-reload")
        self.system.ok("systemctl", "start", self.unit)
        wait_until(self.answers, 30, "gantryd to answer")
        return self

    def kill9(self):
        self.system.ok("systemctl", "kill", "--kill-who=main", "--signal=KILL", self.unit)
        self._ended()

    def stop(self, seconds=40):
        self.system("systemctl", "stop", self.unit)
        self._ended()

    def _ended(self):
        wait_until(lambda: self.system("systemctl", "is-active", self.unit).stdout != "active\n", 40, "gantryd to end")

    def close(self):
        if self.answers():
            self.remove_all()
            self.stop()
