"""run: output, exit codes, what the container sees of its options."""
import json
import os
import pty
import re
import select
import subprocess
import unittest

from harness import BIN, Case, wait_until


class Run(Case):
    def test_output_and_exit_codes_are_the_process_s_own(self):
        done = self.gantry("run", "--rm", self.base, "sh", "-c", "echo out; echo err >&2; exit 42")
        self.assertEqual((done.stdout, done.stderr, done.returncode), ("out\n", "err\n", 42))

    def test_exit_codes_of_the_engine_itself(self):
        self.assertEqual(self.gantry("run", "--no-such-option", self.base).returncode, 125)
        self.assertEqual(self.gantry("run", "--rm", self.base, "/etc/passwd").returncode, 126)
        self.refused("no-such-program", "run", "--rm", self.base, "no-such-program", code=127)
        self.refused("", "run", "--rm", "--memory", "many", self.base, code=125)

    def test_a_signal_s_death_is_128_and_more(self):
        client = self.daemon.begin("run", "--name", "killed", self.base, "sh", "-c", "echo up; exec sleep 1000")
        self.assertEqual(client.stdout.readline(), "up\n")
        self.ok("kill", "killed")
        client.communicate(timeout=60)
        self.assertEqual(client.returncode, 137)

    def test_stdin_reaches_the_process_and_ends(self):
        self.assertEqual(self.ok("run", "--rm", "-i", self.base, "cat", input="line\n" * 1000), "line\n" * 1000)
        self.assertEqual(self.ok("run", "--rm", "-i", self.base, "wc", "-c", input="x" * 100000).strip(), "100000")

    def test_much_output_arrives_whole(self):
        out = self.run_ok("--", "sh", "-c", "seq 1 200000")
        self.assertEqual(out, "".join(f"{n}\n" for n in range(1, 200001)))

    def test_environment_directory_host_name(self):
        env = self.run_ok("-e", "A=b c", "-e", "EMPTY=", "--hostname", "box", "-w", "/data/made", "--",
                          "sh", "-c", "env; pwd; hostname; cat /etc/hostname; grep box /etc/hosts")
        for line in ("A=b c", "EMPTY=", "HOME=/root", "HOSTNAME=box", "PATH=/bin", "/data/made", "box"):
            self.assertIn(line, env.split("\n"))

    def test_users_by_name_and_number(self):
        self.assertIn("uid=1000(user) gid=1000(user) groups=1000(user),2000(extra)", self.run_ok("-u", "user", "--", "id"))
        self.assertIn("uid=12345 gid=54321", self.run_ok("-u", "12345:54321", "--", "id"))
        self.refused("nobody-here", "run", "--rm", "-u", "nobody-here", self.base, "id", code=125)

    def test_the_image_s_config_is_the_default(self):
        self.ok("pull", "-q", self.session.entry)
        self.assertEqual(self.ok("run", "--rm", self.session.entry), "entry default\n")
        self.assertEqual(self.ok("run", "--rm", self.session.entry, "mine"), "entry mine\n")
        out = self.ok("run", "--rm", "--entrypoint", "/bin/sh", self.session.entry, "-c", "pwd; env; id -un; ls -d /data")
        for line in ("/made/by/engine", "FROM_IMAGE=yes", "user", "/data"):
            self.assertIn(line, out.split("\n"))

    def test_capabilities(self):
        def effective(*options):
            out = self.run_ok(*options, "--", "grep", "CapEff", "/proc/self/status")
            return int(out.split()[1], 16)
        chown, net_admin = 1 << 0, 1 << 12
        self.assertEqual(bin(effective()).count("1"), 14)
        self.assertFalse(effective("--cap-drop", "CHOWN") & chown)
        self.assertEqual(effective("--cap-drop", "ALL"), 0)
        self.assertTrue(effective("--cap-add", "NET_ADMIN") & net_admin)
        self.assertTrue(effective("--privileged") & (1 << 21))

    def test_seccomp_and_no_new_privileges(self):
        out = self.run_ok("--security-opt", "no-new-privileges", "--", "cat", "/proc/self/status")
        self.assertRegex(out, r"Seccomp:\s+2")
        self.assertRegex(out, r"NoNewPrivs:\s+1")
        out = self.run_ok("--security-opt", "seccomp=unconfined", "--", "cat", "/proc/self/status")
        self.assertRegex(out, r"Seccomp:\s+0")

    def test_limits_stand_in_the_cgroup_and_rlimits(self):
        name = self.ok("run", "-d", "--memory", "64m", "--pids-limit", "50", "--cpus", "0.5", "--ulimit", "nofile=100:200",
                       self.base, "sleep", "100").strip()
        pid = self.daemon.state(name)["Pid"]
        groups = open(f"/proc/{pid}/cgroup").read()
        self.assertIn(name, groups)
        memory = re.search(r"^\d+:(?:[\w,]*,)?memory(?:,[\w,]*)?:(.*)$", groups, re.M)
        if memory:
            limit = open(f"/sys/fs/cgroup/memory{memory[1]}/memory.limit_in_bytes").read()
        else:
            limit = open(f"/sys/fs/cgroup{groups.split('::')[1].strip()}/memory.max").read()
        self.assertEqual(int(limit), 64 << 20)
        self.assertRegex(open(f"/proc/{pid}/limits").read(), r"Max open files\s+100\s+200")

    def test_running_out_of_memory_is_recorded(self):
        name = self.ok("run", "-d", "--memory", "16m", self.base, "sh", "-c", "exec dd if=/dev/zero of=/dev/null bs=200M count=1").strip()
        self.ok("wait", name)
        self.assertTrue(self.daemon.state(name)["OOMKilled"])

    def test_a_terminal(self):
        control, terminal = pty.openpty()
        child = subprocess.Popen([f"{BIN}/gantry", "run", "--rm", "-it", self.base, "sh"], env=self.daemon.environment,
                                 stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True)
        os.close(terminal)
        os.write(control, b"tty; echo is-$((40+2)); exit 7\n")
        seen = b""

        def more():
            nonlocal seen
            try:
                if select.select([control], [], [], 0.1)[0]:
                    seen += os.read(control, 4096)
            except OSError:
                pass
            return child.poll() is not None
        wait_until(more, 30, "the shell to exit")
        os.close(control)
        self.assertIn(b"is-42", seen)
        self.assertIn(b"/dev/pts/0", seen)
        self.assertEqual(child.returncode, 7)

    def test_the_network_a_user_asks_for(self):
        self.assertEqual(self.run_ok("--network", "none", "--", "ls", "/sys/class/net").split(), ["lo"])
        self.assertIn(os.readlink("/proc/self/ns/net"), self.run_ok("--network", "host", "--", "ls", "-l", "/proc/self/ns/net"))
        self.assertIn("eth0", self.run_ok("--", "ls", "/sys/class/net"))

    def test_spec_shows_the_config_and_its_origins(self):
        spec = json.loads(self.ok("spec", "-e", "X=y", "--read-only", self.base, "echo", "hi"))
        self.assertEqual(spec["process"]["args"], ["echo", "hi"])
        self.assertTrue(spec["root"]["readonly"])
        said = self.ok("spec", "--explain", "--read-only", self.base)
        for word in ("user", "image", "engine", "host"):
            self.assertIn(word, said)
        self.assertEqual(self.daemon.ids(), set())

    def test_crun_runs_too(self):
        self.assertEqual(self.run_ok("--runtime", "crun", "--", "echo", "by crun"), "by crun\n")
        self.refused("no-such-runtime", "run", "--rm", "--runtime", "no-such-runtime", self.base, "true", code=125)

    def test_rm_option_leaves_no_record(self):
        self.run_ok("--", "true")
        self.gantry("run", "--rm", self.base, "/no-such-program")
        wait_until(lambda: not self.daemon.ids(), what="--rm to remove")


if __name__ == "__main__":
    unittest.main()
