"""Compose against gantryd, of both kinds: Debian's docker-compose (v1, in Python) and the plugin of the docker client (v2,
in Go), where this machine has one: $GANTRY_TEST_COMPOSE names it, or it lies in a folder of the client's plugins."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import unittest

from harness import PATIENCE, Case, wait_until
from registry import free_port

PLUGINS = [os.path.expanduser("~/.docker/cli-plugins"), "/usr/local/lib/docker/cli-plugins", "/usr/local/libexec/docker/cli-plugins",
           "/usr/lib/docker/cli-plugins", "/usr/libexec/docker/cli-plugins"]
LISTEN = "while true; do nc -l -p 8080 -e {}; done"


def stack(image, port, said="hello"):
    """A database that takes a while, an application that asks it, a front that asks that one."""
    def service(answer, **keys):
        return {"image": image, "command": ["sh", "-c", LISTEN.format(answer)], "stop_grace_period": "0s", "networks": ["inner"], **keys}
    return {
        "services": {
            "db": service("cat /data/said", volumes=["data:/data"], command=[
                "sh", "-c", "echo db begins; sleep 1; echo $$SAID >> /data/said; " + LISTEN.format("cat /data/said")],
                environment={"SAID": said}, healthcheck={
                    "test": ["CMD", "grep", "-q", said, "/data/said"], "interval": "300ms", "timeout": "5s", "retries": 100}),
            "app": service("nc db 8080", depends_on={"db": {"condition": "service_healthy"}}),
            "web": service("nc app 8080", depends_on=["app"], ports=[f"127.0.0.1:{port}:8080"], labels={"of": "web"}),
        },
        "networks": {"inner": {"labels": {"a": "b"}}},
        "volumes": {"data": {}},
    }


class Compose:
    """What both must pass."""
    program = None

    @classmethod
    def setUpClass(cls):
        cls.program = cls.program or cls.find()
        super().setUpClass()
        cls.daemon.environment.update(DOCKER_HOST=f"unix://{cls.daemon.socket}", NO_COLOR="1", COLUMNS="200")
        for name in ("DOCKER_API_VERSION", "COMPOSE_API_VERSION", "COMPOSE_PROJECT_NAME", "COMPOSE_FILE"):
            cls.daemon.environment.pop(name, None)

    def setUp(self):
        self.port = free_port()
        self.folder = f"{self.daemon.folder}/proj"
        os.makedirs(self.folder, exist_ok=True)
        self.addCleanup(self.nothing_is_left)
        self.write(stack(self.base, self.port))

    def nothing_is_left(self):
        self.c("down", "-v", "-t", "0", "--remove-orphans")
        self.daemon.remove_all()
        self.assertEqual(self.rest(), ([], [], []))

    def write(self, document):
        with open(f"{self.folder}/docker-compose.yml", "w") as file:
            json.dump(document, file)  # which is YAML too

    # ---- what the tests are made of

    def c(self, *arguments, timeout=120, **options):
        return subprocess.run([self.program, *arguments], cwd=self.folder, env=self.daemon.environment, text=True, capture_output=True,
                              timeout=timeout * PATIENCE, stdin=subprocess.DEVNULL, **options)

    def c_ok(self, *arguments, **options):
        done = self.c(*arguments, **options)
        self.assertEqual(done.returncode, 0, f"compose {' '.join(arguments)}: {done.stdout}{done.stderr}\n{self.daemon.log()[-1500:]}")
        return done.stdout

    def begin(self, *arguments):
        child = subprocess.Popen([self.program, *arguments], cwd=self.folder, env=self.daemon.environment, text=True,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(lambda: child.poll() is None and child.kill())
        return child

    def containers(self, service):
        """All of a service, oldest first."""
        ids = self.c_ok("ps", "-q", service).split()
        return sorted((self.daemon.inspect(one) for one in ids), key=lambda one: one["Created"])

    def one(self, service):
        found = self.containers(service)
        self.assertEqual(len(found), 1)
        return found[0]

    def rest(self):
        """Containers, networks, volumes."""
        networks = self.daemon.api("GET", '/networks?filters={"type":["custom"]}')[1]
        volumes = self.daemon.api("GET", "/volumes")[1]["Volumes"] or []
        return sorted(self.daemon.ids()), [one["Name"] for one in networks], [one["Name"] for one in volumes]

    def front(self):
        """What the whole chain says: the published port, two names of the network, the volume."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as link:
                link.shutdown(socket.SHUT_WR)
                return link.makefile().read()
        except OSError:
            return ""

    def asserts_front(self, said):
        wait_until(lambda: self.front() == said, 20, f"the front to say {said!r}")

    # ---- the tests

    def test_a_stack_comes_up_in_order_and_goes_whole(self):
        events = self.daemon.begin("events", "--format", "json")
        self.c_ok("up", "-d")
        self.asserts_front("hello\n")
        events.terminate()
        told = [json.loads(line) for line in events.communicate()[0].splitlines()]
        told = "".join(f"{one['Action']} {one['Actor']['Attributes']['name']}\n" for one in told if one["Type"] == "container")
        told = re.sub(r"proj[-_](\w+)[-_]1", r"\1", told)
        self.assertRegex(told, r"(?s)start db\n.*health_status: healthy db\n.*start app\n.*start web\n")
        database = self.one("db")
        self.assertEqual(database["State"]["Health"]["Status"], "healthy")
        self.assertIn("web", self.c_ok("ps"))
        self.assertEqual(self.c_ok("port", "web", "8080").strip(), f"127.0.0.1:{self.port}")
        network = self.daemon.api("GET", "/networks/proj_inner")[1]
        self.assertEqual(network["Labels"]["a"], "b")
        self.assertEqual(len(network["Containers"]), 3)
        self.c_ok("up", "-d")
        self.assertEqual(self.one("db")["Id"], database["Id"])
        self.c_ok("down")
        self.assertEqual(self.rest(), ([], [], ["proj_data"]))
        self.c_ok("up", "-d")
        self.asserts_front("hello\nhello\n")  # the volume stayed
        self.c_ok("down", "-v", "-t", "0")
        self.assertEqual(self.rest(), ([], [], []))

    def test_a_network_of_both_families(self):
        web = {"image": self.base, "command": ["sleep", "1000"], "stop_grace_period": "0s", "networks": {"both": {"ipv6_address": "fd00:232::5"}}}
        self.write({"services": {"web": web}, "networks": {"both": {"enable_ipv6": True, "ipam": {"config": [{"subnet": "fd00:232::/64"}]}}}})
        self.c_ok("up", "-d")
        end = self.one("web")["NetworkSettings"]["Networks"]["proj_both"]
        self.assertEqual((end["GlobalIPv6Address"], end["IPv6Gateway"]), ("fd00:232::5", "fd00:232::1"))
        self.assertNotEqual(end["IPAddress"], "")
        self.c_ok("down", "-t", "0")
        self.assertEqual(self.rest(), ([], [], []))

    def test_scale(self):
        self.c_ok("up", "-d", "--scale", "app=3")
        several = self.containers("app")
        self.assertEqual(len(several), 3)
        told = self.c_ok("exec", "-T", "web", "busybox", "nslookup", "app")
        for one in several:
            self.assertIn(one["NetworkSettings"]["Networks"]["proj_inner"]["IPAddress"], told)
        self.asserts_front("hello\n")
        self.c_ok("up", "-d", "--scale", "app=1")
        self.assertEqual(len(self.containers("app")), 1)
        self.asserts_front("hello\n")

    def test_exec_logs_top_and_kill(self):
        self.c_ok("up", "-d")
        self.assertEqual(self.c_ok("exec", "-T", "web", "echo", "in"), "in\n")
        self.assertEqual(self.c("exec", "-T", "web", "sh", "-c", "exit 6").returncode, 6)
        self.assertEqual(self.c_ok("exec", "-T", "-e", "A=b", "-u", "1000", "-w", "/tmp", "web", "sh", "-c", "echo $A; pwd; id -u"), "b\n/tmp\n1000\n")
        self.assertIn("db begins", self.c_ok("logs", "db"))
        self.assertIn("nc -l", self.c_ok("top"))
        self.assertIn("base", self.c_ok("images"))
        self.c_ok("kill", "-s", "KILL", "web")
        wait_until(lambda: "web" not in self.c_ok("ps", "--services", "--filter", "status=running"), 10)
        self.c_ok("rm", "-f", "web")
        self.assertEqual(self.c_ok("ps", "-a", "-q", "web"), "")

    def test_logs_are_followed_until_the_service_ends(self):
        self.write({"services": {"talks": {"image": self.base, "stop_grace_period": "0s", "command": [
            "sh", "-c", "for n in 1 2 3 4 5 6; do echo line $$n; echo error $$n >&2; sleep 0.3; done"]}}})
        self.c_ok("up", "-d")
        followed = self.begin("logs", "-f", "talks")
        said = followed.communicate(timeout=60 * PATIENCE)[0]
        self.assertEqual(followed.returncode, 0, said)
        for n in range(1, 7):
            self.assertEqual((said.count(f"line {n}"), said.count(f"error {n}")), (1, 1), said)
        self.assertIn("line 6", self.c_ok("logs", "--tail", "2", "-t"))
        self.assertNotIn("line 1", self.c_ok("logs", "--tail", "2"))

    def test_stop_start_restart_pause(self):
        self.c_ok("up", "-d")
        self.asserts_front("hello\n")
        before = self.one("web")
        self.c_ok("stop")
        self.assertEqual(self.front(), "")
        self.assertEqual([self.daemon.state(one)["Status"] for one in self.daemon.ids()], ["exited"] * 3)
        self.c_ok("start")
        self.asserts_front("hello\nhello\n")
        self.c_ok("restart", "-t", "0", "web")
        self.asserts_front("hello\nhello\n")
        after = self.one("web")
        self.assertEqual(after["Id"], before["Id"])
        self.assertGreater(after["State"]["StartedAt"], before["State"]["StartedAt"])
        self.c_ok("pause", "app")
        self.assertEqual(self.one("app")["State"]["Status"], "paused")
        self.c_ok("unpause", "app")
        self.asserts_front("hello\nhello\n")

    def test_what_changed_is_made_again_and_the_rest_stays(self):
        self.c_ok("up", "-d")
        self.asserts_front("hello\n")
        before = {name: self.one(name)["Id"] for name in ("db", "app", "web")}
        changed = stack(self.base, self.port)
        changed["services"]["web"]["environment"] = {"NEW": "yes"}
        self.write(changed)
        self.c_ok("up", "-d")
        after = {name: self.one(name)["Id"] for name in ("db", "app", "web")}
        self.assertEqual({name for name in after if after[name] != before[name]}, {"web"})
        self.assertEqual(self.c_ok("exec", "-T", "web", "sh", "-c", "echo $NEW"), "yes\n")
        self.asserts_front("hello\n")
        self.c_ok("up", "-d", "--force-recreate", "--no-deps", "db")
        self.assertNotEqual(self.one("db")["Id"], before["db"])
        self.asserts_front("hello\nhello\n")  # the volume went with it
        del changed["services"]["web"]
        self.write(changed)
        self.c_ok("up", "-d", "--remove-orphans")
        self.assertEqual(len(self.daemon.ids()), 2)

    def test_an_anonymous_volume_goes_over_to_the_next_container(self):
        def document(value):
            return {"services": {"keeps": {"image": self.base, "command": ["sleep", "1000"], "stop_grace_period": "0s",
                                           "environment": {"A": value}, "volumes": ["/kept"]}}}
        self.write(document("one"))
        self.c_ok("up", "-d")
        self.c_ok("exec", "-T", "keeps", "sh", "-c", "echo here > /kept/file")
        self.write(document("two"))
        self.c_ok("up", "-d")
        self.assertEqual(self.c_ok("exec", "-T", "keeps", "sh", "-c", "echo $A; cat /kept/file"), "two\nhere\n")

    def test_up_in_the_foreground_ends_with_its_service_or_by_the_user(self):
        self.write({"services": {
            "waits": {"image": self.base, "command": ["sh", "-c", "echo waits; exec sleep 1000"], "stop_grace_period": "0s"},
            "ends": {"image": self.base, "command": ["sh", "-c", "echo ends; sleep 1; exit 4"], "stop_grace_period": "0s"}}})
        done = self.c("up", "--exit-code-from", "ends")
        self.assertEqual(done.returncode, 4, done.stdout + done.stderr)
        self.assertIn("waits", done.stdout)
        self.assertEqual({self.daemon.state(one)["Running"] for one in self.daemon.ids()}, {False})
        front = self.begin("up", "waits")
        wait_until(lambda: self.c_ok("ps", "-q", "waits") and self.one("waits")["State"]["Running"], 20)
        time.sleep(0.5)
        front.send_signal(signal.SIGINT)
        said = front.communicate(timeout=60 * PATIENCE)[0]
        self.assertEqual([self.daemon.state(one)["Running"] for one in self.c_ok("ps", "-a", "-q", "waits").split()], [False], said)

    def test_run_of_one_service_brings_up_what_it_depends_on(self):
        self.assertEqual(self.c_ok("run", "--rm", "-T", "app", "sh", "-c", "nc db 8080 < /dev/null"), "hello\n")
        self.assertEqual(len(self.daemon.ids()), 1)
        self.assertEqual(self.c("run", "--rm", "-T", "--no-deps", "app", "sh", "-c", "exit 5").returncode, 5)
        self.assertEqual(self.c_ok("run", "--rm", "-T", "-p", f"127.0.0.1:{free_port()}:8080", "-v", "proj_data:/x", "-e", "A=b", "--no-deps", "app",
                                   "sh", "-c", "echo $A; cat /x/said"), "b\nhello\n")

    def test_a_service_that_never_gets_healthy_keeps_the_others_from_starting(self):
        document = stack(self.base, self.port)
        document["services"]["db"]["healthcheck"].update(test=["CMD", "false"], retries=2)
        self.write(document)
        done = self.c("up", "-d")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("unhealthy", done.stdout + done.stderr)
        self.assertNotIn("running", [self.daemon.state(one)["Status"] for one in self.c_ok("ps", "-a", "-q", "app").split()])

    def test_all_that_a_service_may_say(self):
        with open(f"{self.folder}/secret", "w") as file:
            file.write("whisper")
        self.write({"services": {"all": {
            "image": self.base, "container_name": "named", "hostname": "host", "domainname": "example.org", "user": "1000:1000", "working_dir": "/tmp",
            "entrypoint": ["sh", "-c"], "command": ["exec sleep 1000"], "environment": ["A=b"], "labels": ["x=y"], "init": True,
            "read_only": True, "tmpfs": ["/run"], "shm_size": "32m", "ulimits": {"nofile": {"soft": 1000, "hard": 2000}},
            "sysctls": {"net.core.somaxconn": 100}, "cap_add": ["NET_ADMIN"], "cap_drop": ["MKNOD"], "security_opt": ["no-new-privileges:true"],
            "dns": ["192.0.2.1"], "dns_search": ["example.org"], "extra_hosts": ["other:192.0.2.2"], "expose": ["80"], "tty": True, "stdin_open": True,
            "stop_signal": "SIGKILL", "restart": "unless-stopped", "mem_limit": "64m", "pids_limit": 100, "cpus": 0.5, "logging": {
                "driver": "json-file", "options": {"max-size": "1m", "max-file": "2"}},
            "networks": {"inner": {"aliases": ["also"], "ipv4_address": "10.231.9.7"}}, "ports": [f"{self.port}:80/udp"],
            "volumes": ["./secret:/told:ro", {"type": "tmpfs", "target": "/scratch", "tmpfs": {"size": 1048576}}],
        }}, "networks": {"inner": {"ipam": {"config": [{"subnet": "10.231.9.0/24"}]}, "driver": "bridge", "driver_opts": {
            "com.docker.network.driver.mtu": "1400"}}}})
        self.c_ok("up", "-d")
        said = self.c_ok("exec", "-T", "all", "sh", "-c",
                         "hostname; id -u; pwd; echo $A; cat /told; echo; ulimit -Hn; cat /proc/sys/net/core/somaxconn; cat /sys/class/net/eth0/mtu; grep other /etc/hosts")
        self.assertEqual(said.split(), ["host", "1000", "/tmp", "b", "whisper", "2000", "100", "1400", "192.0.2.2", "other"])
        made = self.daemon.inspect("named")
        self.assertEqual(made["NetworkSettings"]["Networks"]["proj_inner"]["IPAddress"], "10.231.9.7")
        self.assertIn("also", made["NetworkSettings"]["Networks"]["proj_inner"]["Aliases"])


class ComposeV1(Compose, Case):
    @staticmethod
    def find():
        there = shutil.which("docker-compose")
        if not there:
            raise unittest.SkipTest("no docker-compose in PATH: Debian 12 has it in its package docker-compose")
        return there


class ComposeV2(Compose, Case):
    @staticmethod
    def find():
        named = os.environ.get("GANTRY_TEST_COMPOSE")
        found = [one for one in [named] if one] + [f"{folder}/docker-compose" for folder in PLUGINS if os.access(f"{folder}/docker-compose", os.X_OK)]
        if not found:
            raise unittest.SkipTest("no compose plugin of the docker client on this machine; GANTRY_TEST_COMPOSE may name one")
        return found[0]

    def test_ls_cp_wait_and_events(self):
        self.c_ok("up", "-d", "--wait")
        self.assertEqual([one["Name"] for one in json.loads(self.c_ok("ls", "--format", "json"))], ["proj"])
        rows = [json.loads(line) for line in self.c_ok("ps", "--format", "json").splitlines()]
        self.assertEqual({row["Service"]: row["Health"] for row in rows}, {"db": "healthy", "app": "", "web": ""})
        with open(f"{self.folder}/file", "w") as file:
            file.write("carried")
        self.c_ok("cp", "file", "web:/tmp/there")
        self.c_ok("cp", "web:/tmp/there", "back")
        with open(f"{self.folder}/back") as file:
            self.assertEqual(file.read(), "carried")
        events = self.begin("events", "--json")
        time.sleep(0.5)
        self.c_ok("stop", "web")
        events.terminate()
        self.assertIn('"stop"', events.communicate()[0])
        self.assertIn("MEM", self.c_ok("stats", "--no-stream"))
        waited = self.begin("wait", "app")
        time.sleep(0.5)
        self.c_ok("kill", "app")
        self.assertEqual(waited.wait(60 * PATIENCE), 137)
