"""Health checks, updates, logs and limits, as the stock docker client asks for them."""
import json
import os
import time

import host
from docker_client import DockerCase
from harness import RUNTIME, wait_until


class ContainerCase(DockerCase):
    def shown(self, name, template):
        return self.d_ok("inspect", "-f", template, name).strip()


class HealthChecks(ContainerCase):
    def start(self, name, *options, command=("sleep", "1000")):
        self.d_ok("run", "-d", "--name", name, "--health-interval", "300ms", *options, self.base, *command)

    def health(self, name):
        return json.loads(self.shown(name, "{{json .State.Health}}"))

    def wait_health(self, name, status, seconds=20):
        wait_until(lambda: self.health(name)["Status"] == status, seconds, f"{name} to be {status}: {self.health(name)}")

    def status(self, name):
        return self.d_ok("ps", "-a", "--filter", f"name=^{name}$", "--format", "{{.Status}}").strip()

    def test_healthy_then_unhealthy_then_healthy(self):
        since = str(int(time.time()))
        self.start("checked", "--health-cmd", "cat /tmp/ok", "--health-retries", "2")
        self.assertIn(self.health("checked")["Status"], ("starting", "unhealthy"))
        self.wait_health("checked", "unhealthy")
        self.assertIn("(unhealthy)", self.status("checked"))
        self.assertGreaterEqual(self.health("checked")["FailingStreak"], 2)
        self.assertIn("/tmp/ok", self.health("checked")["Log"][-1]["Output"])
        self.d_ok("exec", "checked", "touch", "/tmp/ok")
        self.wait_health("checked", "healthy")
        self.assertIn("(healthy)", self.status("checked"))
        self.assertEqual(self.health("checked")["FailingStreak"], 0)
        self.assertEqual(self.d_ok("ps", "-q", "--filter", "health=healthy", "--no-trunc").strip(), self.shown("checked", "{{.Id}}"))
        self.assertEqual(self.d_ok("ps", "-q", "--filter", "health=unhealthy"), "")
        wait_until(lambda: len(self.health("checked")["Log"]) == 5, 20)
        told = self.d_ok("events", "--since", since, "--until", str(int(time.time()) + 1), "--filter", "container=checked",
                         "--format", "{{.Action}}").splitlines()
        self.assertEqual([line for line in told if line.startswith("health_status")],
                         ["health_status: unhealthy", "health_status: healthy"])
        for action in ("exec_create: /bin/sh -c cat /tmp/ok", "exec_start: /bin/sh -c cat /tmp/ok", "exec_die"):
            self.assertIn(action, told)

    def test_slow_probes_are_killed(self):
        self.start("slow", "--health-cmd", "echo first; exec sleep 1000", "--health-timeout", "500ms", "--health-retries", "1")
        self.wait_health("slow", "unhealthy")
        last = self.health("slow")["Log"][-1]
        self.assertEqual(last["ExitCode"], -1)
        self.assertIn("Health check exceeded timeout (500ms): first", last["Output"])
        time.sleep(2)
        self.assertLessEqual(self.d_ok("top", "slow").count("sleep 1000"), 2)  # init's, and at most one probe's

    def test_output_is_cut(self):
        self.start("loud", "--health-cmd", "yes | head -c 100000")
        self.wait_health("loud", "healthy")
        self.assertEqual(len(self.health("loud")["Log"][-1]["Output"]), 4096 + len("..."))

    def test_starting_and_start_period(self):
        self.start("young", "--health-cmd", "false", "--health-start-period", "1h", "--health-start-interval", "200ms",
                   "--health-retries", "1")
        wait_until(lambda: len(self.health("young")["Log"]) >= 3, 20)
        self.assertEqual(self.health("young")["Status"], "starting")
        self.assertIn("(health: starting)", self.status("young"))

    def test_none_and_refused(self):
        self.d_ok("run", "-d", "--name", "none", "--no-healthcheck", self.base, "sleep", "1000")
        self.assertEqual(self.shown("none", "{{.State.Health}}"), "<nil>")
        self.assertEqual(self.d_ok("ps", "-q", "--filter", "health=none", "--no-trunc").strip(), self.shown("none", "{{.Id}}"))
        self.assertEqual(self.daemon.api("POST", "/v1.47/containers/create", {
            "Image": self.base, "Healthcheck": {"Test": ["CMD", "true"], "Interval": 5}}),
            (400, {"message": "Interval in Healthcheck cannot be less than 1ms"}))

    def test_probes_rest_with_the_container(self):
        self.start("rest", "--health-cmd", "true")
        self.wait_health("rest", "healthy")
        self.d_ok("pause", "rest")
        before = self.health("rest")["Log"]
        time.sleep(1)
        self.assertEqual(self.health("rest")["Log"], before)
        self.d_ok("unpause", "rest")
        wait_until(lambda: self.health("rest")["Log"] != before, 20)
        self.d_ok("stop", "-t", "0", "rest")
        self.assertEqual(self.health("rest")["Status"], "healthy")
        self.assertIn("Exited", self.status("rest"))

    def test_they_go_on_after_a_crash_of_the_engine(self):
        self.start("on", "--health-cmd", "true", "--health-retries", "1")
        self.wait_health("on", "healthy")
        self.daemon.kill9()
        self.daemon.start()
        self.assertEqual(self.health("on")["Status"], "healthy")
        wait_until(lambda: len(self.health("on")["Log"]) >= 2, 20)
        self.assertEqual(self.health("on")["Status"], "healthy")


class Updates(ContainerCase):
    def limit(self, name, controller, file):
        """A limit as the container's own cgroup has it."""
        pid = self.shown(name, "{{.State.Pid}}")
        for line in host.read(f"/proc/{pid}/cgroup").splitlines():
            number, names, path = line.split(":", 2)
            if controller in names.split(",") and os.path.isdir(f"/sys/fs/cgroup/{controller}"):
                return host.read(f"/sys/fs/cgroup/{controller}{path}/{file[0]}").strip()
        path = [line for line in host.read(f"/proc/{pid}/cgroup").splitlines() if line.startswith("0::")][0][3:]
        return host.read(f"/sys/fs/cgroup{path}/{file[1]}").strip()

    def test_limits_change_at_once_and_stay(self):
        self.d_ok("run", "-d", "--name", "limited", "-m", "64m", "--pids-limit", "100", self.base, "sleep", "1000")
        self.d_ok("update", "-m", "96m", "--memory-swap", "192m", "--pids-limit", "50", "--cpu-quota", "20000",
                  "--cpu-period", "100000", "--cpuset-cpus", "0", "limited")
        memory, pids = ("memory.limit_in_bytes", "memory.max"), ("pids.max", "pids.max")
        self.assertEqual(self.limit("limited", "memory", memory), str(96 << 20))
        self.assertEqual(self.limit("limited", "pids", pids), "50")
        self.assertEqual(self.limit("limited", "cpuset", ("cpuset.cpus", "cpuset.cpus")), "0")
        self.assertEqual(self.limit("limited", "cpu", ("cpu.cfs_quota_us", "cpu.max")).split()[0], "20000")
        self.assertEqual(self.shown("limited", "{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}"), f"{96 << 20} 50")
        self.d_ok("update", "--pids-limit", "-1", "limited")
        self.assertEqual(self.limit("limited", "pids", pids), "max")
        self.d_ok("exec", "limited", "true")
        self.daemon.kill9()
        self.daemon.start()
        self.assertEqual(self.shown("limited", "{{.HostConfig.Memory}}"), str(96 << 20))
        self.d_ok("restart", "-t", "0", "limited")
        self.assertEqual(self.limit("limited", "memory", memory), str(96 << 20))

    def test_one_that_does_not_run(self):
        self.d_ok("create", "--name", "later", self.base, "sleep", "1000")
        self.d_ok("update", "-m", "64m", "--restart", "always", "later")
        self.d_ok("start", "later")
        self.assertEqual(self.limit("later", "memory", ("memory.limit_in_bytes", "memory.max")), str(64 << 20))
        self.assertEqual(self.shown("later", "{{.HostConfig.RestartPolicy.Name}}"), "always")

    def test_refused(self):
        self.d_ok("run", "-d", "--name", "bounded", "--rm", "-m", "64m", "--cpus", "1", self.base, "sleep", "1000")
        self.d_refused("already set memoryswap limit", "update", "-m", "500m", "bounded")
        self.d_refused("NanoCPUs has already been set", "update", "--cpu-quota", "5000", "bounded")
        self.d_refused("AutoRemove is enabled", "update", "--restart", "always", "bounded")
        self.d_refused("Minimum memory limit allowed is 6MB", "update", "-m", "1m", "bounded")
        self.d_refused("No such container", "update", "-m", "64m", "nobody")
        self.assertEqual(self.shown("bounded", "{{.HostConfig.Memory}}"), str(64 << 20))


class Logs(ContainerCase):
    def test_attributes(self):
        self.d_ok("run", "--name", "attributed", "-l", "team=x y", "-e", "STAGE=dev", "--log-opt", "labels=team,none",
                  "--log-opt", "env=STAGE", "--log-opt", "tag={{.Name}}/{{.ID}}", self.base, "echo", "hi")
        identity = self.shown("attributed", "{{.Id}}")[:12]
        self.assertEqual(self.d_ok("logs", "--details", "attributed"), f"STAGE=dev,tag=attributed%2F{identity},team=x+y hi\n")
        self.assertEqual(self.d_ok("logs", "attributed"), "hi\n")
        with open(self.shown("attributed", "{{.LogPath}}")) as file:
            self.assertEqual(json.loads(file.readline())["attrs"], {"team": "x y", "STAGE": "dev", "tag": f"attributed/{identity}"})

    def test_compressed_logs_are_whole(self):
        for driver in ("json-file", "local"):
            name = f"packed-{driver}"
            self.d_ok("run", "-d", "--name", name, "--log-driver", driver, "--log-opt", "max-size=10k", "--log-opt", "max-file=1000",
                      "--log-opt", "compress=true", self.base, "sh", "-c", "seq 1 5000; while [ ! -e /go ]; do sleep 0.1; done; seq 5001 10000")
            wait_until(lambda: self.d_ok("logs", "--tail", "1", name) == "5000\n", 20)
            follower = self.daemon.begin("logs", "-f", "--tail", "2000", name)
            self.d_ok("exec", name, "touch", "/go")
            self.d_ok("wait", name)
            self.assertEqual(follower.communicate(timeout=30)[0].split(), [str(n) for n in range(3001, 10001)])
            self.assertEqual(self.d_ok("logs", name).split(), [str(n) for n in range(1, 10001)])
            folder = f"{self.daemon.root}/containers/docker/{self.shown(name, '{{.Id}}')}"
            wait_until(lambda: sum(one.endswith(".gz") for one in os.listdir(folder)) > 10, 20)
            wait_until(lambda: not [one for one in os.listdir(folder) if ".log." in one and not one.endswith(".gz")], 20)
            self.assertEqual(self.d_ok("logs", "--tail", "9000", name).split(), [str(n) for n in range(1001, 10001)])
            self.d_ok("rm", name)
            self.assertFalse(os.path.exists(folder))

    def test_logs_that_may_lose_lines(self):
        self.d_ok("run", "--name", "lossy", "--log-opt", "mode=non-blocking", "--log-opt", "max-buffer-size=4k", self.base,
                  "sh", "-c", "seq 1 20; sleep 0.5; echo end")
        self.assertEqual(self.d_ok("logs", "lossy").split(), [*(str(n) for n in range(1, 21)), "end"])
        self.assertEqual(self.shown("lossy", "{{json .HostConfig.LogConfig.Config}}"),
                         '{"max-buffer-size":"4k","mode":"non-blocking"}')

    def test_local_rotates_without_loss(self):
        self.d_ok("run", "--name", "rotated", "--log-driver", "local", "--log-opt", "max-size=10k", "--log-opt", "max-file=1000",
                  self.base, "sh", "-c", "seq 20000; echo err >&2")
        lines = self.d("logs", "rotated")
        self.assertEqual(lines.returncode, 0, lines.stderr)
        self.assertEqual(lines.stdout.split(), [str(n) for n in range(1, 20001)])
        self.assertEqual(lines.stderr, "err\n")
        last = self.d("logs", "--tail", "2", "rotated")
        self.assertEqual((last.stdout, last.stderr), ("20000\n", "err\n"))
        self.assertEqual(self.shown("rotated", "{{.LogPath}}"), "")

    def test_refused_by_name(self):
        for option, word in (("compress=true", "compress"), ("mode=often", "mode"), ("labels-regex=a", "labels-regex"),
                             ("tag={{.Foo}}", "templates"), ("nope=1", "unknown log opt 'nope'"), ("max-buffer-size=1m", "mode=")):
            self.d_refused(word, "create", "--log-opt", option, self.base)
        self.d_refused("logger: no log driver named 'syslog' is registered", "create", "--log-driver", "syslog", self.base)


class Terminals(ContainerCase):
    def exec_size(self, created, started):
        """The size that a terminal of an exec session says it has."""
        # crun 1.8 leaves the size to whoever holds the terminal, and that learns of it when the program has begun.
        program = ["sh", "-c", "sleep 1; stty size"] if RUNTIME == "crun" else ["stty", "size"]
        command = {"Cmd": program, "Tty": True, "AttachStdout": True, "ConsoleSize": created}
        session = self.daemon.api("POST", "/v1.47/containers/sized/exec", command)[1]["Id"]
        return self.daemon.api("POST", f"/v1.47/exec/{session}/start", {"Tty": True, "ConsoleSize": started})[1]

    def test_a_terminal_has_the_size_that_is_asked_for(self):
        made = self.daemon.api("POST", "/v1.47/containers/create?name=sized", {
            "Image": self.base, "Tty": True, "Cmd": ["sh", "-c", "stty size; exec sleep 1000"], "HostConfig": {"ConsoleSize": [31, 97]}})
        self.assertEqual(made[0], 201, made)
        self.d_ok("start", "sized")
        wait_until(lambda: self.d_ok("logs", "sized") != "", 10)
        self.assertEqual(self.d_ok("logs", "sized").split(), ["31", "97"])
        self.assertEqual(self.shown("sized", "{{.HostConfig.ConsoleSize}}"), "[31 97]")
        self.assertEqual(self.exec_size([20, 50], None).split()[-2:], ["20", "50"])
        self.assertEqual(self.exec_size([20, 50], [21, 51]).split()[-2:], ["21", "51"])

    def test_a_variable_without_a_value_is_taken_away(self):
        body = {"Image": self.base, "Env": ["PATH", "KEPT=1"], "Cmd": ["/bin/env"]}
        self.assertEqual(self.daemon.api("POST", "/v1.47/containers/create?name=bare", body)[0], 201)
        has = self.d_ok("start", "-a", "bare").split()
        self.assertIn("KEPT=1", has)
        self.assertFalse([one for one in has if one.startswith("PATH=")], has)
        self.assertEqual(self.shown("bare", "{{.Config.Env}}"), "[PATH KEPT=1]")

    def test_inspect_shows_the_user_s_variables_and_then_the_image_s_others(self):
        self.d_ok("run", "--name", "told", "-e", "A=1", self.base, "true")
        self.assertEqual(self.shown("told", "{{.Config.Env}}"), "[A=1 PATH=/bin]")

    def test_isolation(self):
        self.d_ok("create", "--isolation", "default", self.base)
        self.d_refused("invalid isolation (process): linux only supports 'default'", "create", "--isolation", "process", self.base)


class SharedIpc(ContainerCase):
    def up(self, name, *options):
        self.d_ok("run", "-d", "--name", name, *options, self.base, "sleep", "1000")

    def inode(self, name):
        return self.d_ok("exec", name, "stat", "-Lc", "%i", "/proc/self/ns/ipc").strip()

    def test_one_that_is_shareable(self):
        self.up("donor", "--ipc", "shareable", "--shm-size", "2m")
        self.up("taker", "--ipc", "container:donor")
        self.up("third", "--ipc", "container:taker")
        self.d_ok("exec", "donor", "sh", "-c", "echo shared > /dev/shm/file")
        for name in ("taker", "third"):
            self.assertEqual(self.d_ok("exec", name, "cat", "/dev/shm/file"), "shared\n")
            self.assertEqual(self.inode(name), self.inode("donor"))
        self.assertIn("2.0M", self.d_ok("exec", "taker", "df", "-h", "/dev/shm"))
        self.assertEqual(self.shown("donor", "{{.HostConfig.IpcMode}}"), "shareable")
        self.daemon.kill9(), self.daemon.start()  # what is shared outlives the engine
        self.up("late", "--ipc", "container:donor")
        self.assertEqual(self.d_ok("exec", "late", "cat", "/dev/shm/file"), "shared\n")
        self.d_ok("restart", "-t", "0", "donor")
        self.d_refused("No such file", "exec", "donor", "cat", "/dev/shm/file")
        self.assertEqual(self.d_ok("exec", "taker", "cat", "/dev/shm/file"), "shared\n")
        self.d_ok("rm", "-f", "donor", "taker", "third", "late")

    def test_one_that_is_not(self):
        for mode in ("private", "none", ""):
            self.d_ok("run", "-d", "--name", "own", *(("--ipc", mode) if mode else ()), self.base, "sleep", "1000")
            self.d_refused("non-shareable IPC (hint: use IpcMode:shareable", "run", "--rm", "--ipc", "container:own", self.base, "true")
            self.d_ok("rm", "-f", "own")
        self.d_refused("No such container", "run", "--rm", "--ipc", "container:nobody", self.base, "true")

    def test_none_and_the_hosts(self):
        self.assertEqual(self.d_ok("run", "--rm", "--ipc", "none", self.base, "sh", "-c", "grep -c ' /dev/shm ' /proc/mounts || true"), "0\n")
        self.up("hosts", "--ipc", "host")
        self.up("joins", "--ipc", "container:hosts")
        own = str(os.stat("/proc/self/ns/ipc").st_ino)
        self.assertEqual((self.inode("hosts"), self.inode("joins")), (own, own))
        self.d_ok("rm", "-f", "hosts", "joins")


class Options(ContainerCase):
    def test_volumes_from(self):
        self.d_ok("run", "--name", "from", "-v", "/data", "-v", "kept:/kept", self.base, "sh", "-c", "echo one > /data/f; echo two > /kept/f")
        self.assertEqual(self.d_ok("run", "--rm", "--volumes-from", "from", self.base, "cat", "/data/f", "/kept/f"), "one\ntwo\n")
        self.d_refused("Read-only", "run", "--rm", "--volumes-from", "from:ro", self.base, "touch", "/data/g")
        self.assertEqual(self.d_ok("run", "--name", "to", "--volumes-from", "from", "-v", "other:/kept", self.base, "ls", "/kept"), "")
        self.assertEqual(self.shown("to", "{{.HostConfig.VolumesFrom}} {{.HostConfig.Binds}}"), "[from] [other:/kept]")
        self.d_ok("rm", "-v", "to")
        self.assertEqual(self.d_ok("run", "--rm", "--volumes-from", "from", self.base, "cat", "/data/f"), "one\n")
        self.d_refused("No such container", "create", "--volumes-from", "nobody", self.base)
        self.d_refused("volumes-from", "create", "--volumes-from", "from:rx", self.base)

    def test_top_with_arguments(self):
        self.d_ok("run", "-d", "--name", "topped", self.base, "sleep", "1000")
        lines = self.d_ok("top", "topped", "-o", "pid,comm,args").splitlines()
        self.assertEqual((lines[0].split(), lines[1].split()[1:]), (["PID", "COMMAND", "COMMAND"], ["sleep", "sleep", "1000"]))
        self.assertEqual(len(lines), 2)
        self.d_refused("PID", "top", "topped", "-o", "comm")

    def test_events_of_a_life(self):
        since = str(int(time.time()))
        identity = self.d_ok("run", "-d", "--name", "storied", self.base, "sleep", "1000").strip()
        self.d_ok("restart", "-t", "0", "storied")
        self.d_ok("top", "storied")
        self.d_ok("update", "-m", "64m", "storied")
        self.d_ok("rename", "storied", "renamed")
        self.d_ok("stop", "-t", "0", "renamed")
        told = [json.loads(line) for line in self.d_ok("events", "--since", since, "--until", str(int(time.time()) + 1), "--filter",
                                                       f"container={identity}", "--format", "{{json .}}").splitlines()]
        actions = [event["Action"] for event in told if not event["Action"].startswith("exec")]
        self.assertEqual([action for action in actions if action != "kill"],
                         ["create", "start", "die", "stop", "start", "restart", "top", "update", "rename", "die", "stop"])
        self.assertIn("kill", actions)
        rename = [event for event in told if event["Action"] == "rename"][0]
        self.assertEqual(rename["Actor"]["Attributes"]["oldName"], "/storied")

    def test_stats(self):
        self.d_ok("run", "-d", "--name", "measured", "-m", "64m", self.base, "sleep", "1000")
        status, stats = self.daemon.api("GET", "/v1.47/containers/measured/stats?stream=false")
        self.assertEqual((status, stats["name"], stats["memory_stats"]["limit"]), (200, "/measured", 64 << 20))
        self.assertIn("pgfault", stats["memory_stats"]["stats"])
        self.assertIn("io_serviced_recursive", stats["blkio_stats"])
        self.assertGreater(stats["cpu_stats"]["system_cpu_usage"], stats["precpu_stats"]["system_cpu_usage"])
        self.assertIn("/ 64MiB", self.d_ok("stats", "--no-stream", "measured"))

    def test_block_io(self):
        device = [path for path in map("/dev/{}".format, os.listdir("/sys/block")) if os.path.exists(path)]
        if not device:
            self.skipTest("this host has no block device")
        self.d_ok("run", "-d", "--name", "throttled", "--device-read-bps", f"{device[0]}:1mb", self.base, "sleep", "1000")
        self.assertIn(device[0], self.shown("throttled", "{{.HostConfig.BlkioDeviceReadBps}}"))
        self.d_refused("no block device", "create", "--device-write-iops", "/dev/null:10", self.base)

    def test_refused_by_name(self):
        for field, value in (("Links", ["a:b"]), ("CpuRealtimeRuntime", 1000), ("DeviceRequests", [{"Count": 1}])):
            status, said = self.daemon.api("POST", "/v1.47/containers/create", {"Image": self.base, "HostConfig": {field: value}})
            self.assertEqual(status, 400)
            self.assertIn(field, said["message"])

    def test_info_is_true(self):
        info = json.loads(self.d_ok("info", "--format", "{{json .}}"))
        self.assertIn("local", info["Plugins"]["Log"])
        self.assertNotEqual(info["OperatingSystem"], "linux")
        self.assertEqual(info["DriverStatus"][0][0], "Backing Filesystem")
        self.assertTrue(all(runtime["path"].startswith("/") or name == "native" for name, runtime in info["Runtimes"].items()))


if __name__ == "__main__":
    unittest.main()
