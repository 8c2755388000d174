"""The Python SDK against gantryd: Debian's python3-docker, used as its documentation shows it."""
import io
import os
import socket
import struct
import tarfile
import threading
import time
import unittest

from harness import SLOW, Case, wait_until

try:
    import docker
except ImportError:
    docker = None

THREADS, ROUNDS = 64, 1 if SLOW else 8


class PythonSdk(Case):
    @classmethod
    def setUpClass(cls):
        if docker is None:
            raise unittest.SkipTest("no Python SDK: Debian has it in its package python3-docker")
        super().setUpClass()
        cls.client = cls.connect()
        cls.containers = cls.client.containers

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        super().tearDownClass()

    @classmethod
    def connect(cls, **keys):
        return docker.DockerClient(base_url=f"unix://{cls.daemon.socket}", version="auto", timeout=300, **keys)

    def up(self, *command, **keys):
        return self.containers.run(self.base, list(command) or ["sleep", "1000"], detach=True, **keys)

    # ---- many at once

    def at_once(self, do):
        errors = []

        def one(n):
            try:
                do(n)
            except Exception as error:
                errors.append(f"thread {n}: {error!r}")
        threads = [threading.Thread(target=one, args=(n,)) for n in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(errors[:5], [])
        self.assertEqual(self.daemon.ids(), set())

    def life(self, client, n, rounds):
        for turn in range(rounds):
            made = client.containers.create(self.base, ["sh", "-c", f"echo out {n}; echo err {turn} >&2; exit {n}"], name=f"t{n}-{turn}")
            made.start()
            self.assertEqual(made.wait()["StatusCode"], n)
            self.assertEqual(made.logs(stderr=False), f"out {n}\n".encode())
            self.assertEqual(made.logs(stdout=False), f"err {turn}\n".encode())
            made.remove()

    def test_sixty_four_threads_with_a_client_each(self):
        begun = time.monotonic()

        def do(n):
            client = self.connect()
            self.life(client, n, ROUNDS)
            client.close()
        self.at_once(do)
        print(f"\n  {THREADS} threads: {THREADS * ROUNDS / (time.monotonic() - begun):.0f} containers a second, "
              "create, start, wait, logs, remove (this client's Python included)", flush=True)

    def test_sixty_four_threads_on_one_client(self):
        client = self.connect(max_pool_size=THREADS)
        self.at_once(lambda n: self.life(client, n, max(1, ROUNDS // 4)))
        client.close()

    # ---- a container's life

    def test_run_says_what_the_container_said(self):
        self.assertEqual(self.containers.run(self.base, ["echo", "hello"], remove=True), b"hello\n")
        self.assertEqual(list(self.containers.run(self.base, ["sh", "-c", "echo a; echo b"], stream=True)), [b"a\n", b"b\n"])
        with self.assertRaises(docker.errors.ContainerError) as caught:
            self.containers.run(self.base, ["sh", "-c", "echo why >&2; exit 3"])
        self.assertEqual((caught.exception.exit_status, caught.exception.stderr), (3, b"why\n"))
        with self.assertRaises(docker.errors.ImageNotFound):
            self.containers.run(f"{self.session.registry.address}/nothing:1", ["true"])
        with self.assertRaises(docker.errors.APIError) as caught:
            self.containers.run(self.base, ["no-such-program"])
        self.assertEqual(caught.exception.status_code, 400)

    def test_verbs(self):
        one = self.up(name="verbs", labels={"a": "b"}, environment={"A": "B"}, mem_limit="64m", healthcheck={"test": ["CMD", "true"]})
        self.assertEqual([c.id for c in self.containers.list(filters={"label": "a=b"})], [one.id])
        one.pause()
        one.reload()
        self.assertEqual(one.status, "paused")
        one.unpause()
        one.rename("renamed")
        one.update(mem_limit="128m", memswap_limit="128m")
        one.reload()
        self.assertEqual((one.name, one.attrs["HostConfig"]["Memory"]), ("renamed", 128 << 20))
        self.assertIn("sleep 1000", str(one.top()["Processes"]))
        self.assertEqual(one.stats(stream=False)["memory_stats"]["limit"], 128 << 20)
        statistics = one.stats(decode=True)
        self.assertTrue(next(statistics)["read"] < next(statistics)["read"])
        one.restart(timeout=0)
        one.kill("SIGKILL")
        self.assertEqual(one.wait(condition="not-running")["StatusCode"], 137)
        one.start()
        one.stop(timeout=0)
        with self.assertRaises(docker.errors.APIError) as caught:
            self.containers.create(self.base, name="renamed")
        self.assertEqual(caught.exception.status_code, 409)
        one.remove(v=True)
        with self.assertRaises(docker.errors.NotFound):
            self.containers.get("renamed")
        self.assertEqual(self.containers.prune()["ContainersDeleted"], None)

    def test_logs_of_every_kind(self):
        one = self.up("sh", "-c", "for n in 1 2 3 4; do echo $n; sleep 0.2; done")
        self.assertEqual(list(one.logs(stream=True)), [b"1\n", b"2\n", b"3\n", b"4\n"])
        self.assertEqual(one.logs(tail=2), b"3\n4\n")
        self.assertRegex(one.logs(timestamps=True, tail=1), rb"^\d{4}-.*Z 4\n$")
        self.assertEqual(one.logs(since=int(time.time()) + 100), b"")
        self.assertEqual(one.logs(until=int(time.time()) + 100), b"1\n2\n3\n4\n")

    # ---- streams

    def test_attach_with_input_and_without(self):
        made = self.containers.create(self.base, ["cat"], stdin_open=True)
        link = made.attach_socket(params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
        made.start()
        link._sock.sendall(b"carried\n")
        self.assertEqual(self.frame(link), (1, b"carried\n"))
        link._sock.shutdown(socket.SHUT_WR)
        self.assertEqual(made.wait()["StatusCode"], 0)
        link.close()
        other = self.containers.create(self.base, ["sh", "-c", "echo out; echo err >&2"])
        said = other.attach(stream=True, demux=True, logs=True)
        other.start()
        self.assertEqual(sorted(said, key=str), [(None, b"err\n"), (b"out\n", None)])
        terminal = self.containers.create(self.base, ["sh", "-c", "echo a; tty"], tty=True)
        said = terminal.attach(stream=True)
        terminal.start()
        self.assertRegex(b"".join(said), rb"^a\r\n/dev/")

    def frame(self, link):
        head = self.exactly(link, 8)
        kind, size = struct.unpack(">BxxxL", head)
        return kind, self.exactly(link, size)

    @staticmethod
    def exactly(link, size):
        got = b""
        while len(got) < size:
            part = link.read(size - len(got))
            if not part:
                raise EOFError(got)
            got += part
        return got

    def test_exec(self):
        one = self.up()
        self.assertEqual(tuple(one.exec_run(["echo", "in"])), (0, b"in\n"))
        self.assertEqual(tuple(one.exec_run("sh -c 'echo out; echo err >&2; exit 4'", demux=True)), (4, (b"out\n", b"err\n")))
        self.assertEqual(list(one.exec_run(["sh", "-c", "echo a; sleep 0.1; echo b"], stream=True)[1]), [b"a\n", b"b\n"])
        self.assertEqual(one.exec_run(["sh", "-c", "echo $A; pwd; id -u"], environment={"A": "B"}, workdir="/tmp", user="1000")[1], b"B\n/tmp\n1000\n")
        self.assertIn(b"\r\n", one.exec_run(["echo", "in"], tty=True)[1])
        # A terminal's output comes in frames when the start does not ask for a terminal too.
        session = self.client.api.exec_create(one.id, ["echo", "in"], tty=True)["Id"]
        self.assertEqual(self.client.api.exec_start(session), b"in\r\n")
        one.exec_run(["touch", "/made"], detach=True)
        wait_until(lambda: one.exec_run(["ls", "/made"])[0] == 0, 10)
        link = one.exec_run(["cat"], stdin=True, socket=True)[1]
        link._sock.sendall(b"line\n")
        self.assertEqual(self.frame(link), (1, b"line\n"))
        link.close()
        session = self.client.api.exec_create(one.id, ["true"])["Id"]
        self.client.api.exec_start(session)
        looked = self.client.api.exec_inspect(session)
        self.assertEqual((looked["Running"], looked["ExitCode"]), (False, 0))

    def test_events(self):
        begun = time.time() - 1
        heard, feed = [], self.client.events(decode=True, filters={"type": "container"})

        def listen():
            for event in feed:
                heard.append(event["Action"])
                if event["Action"] == "destroy":
                    return
        thread = threading.Thread(target=listen)
        thread.start()
        time.sleep(0.3)
        self.containers.run(self.base, ["true"], remove=True)
        thread.join(20)
        feed.close()
        self.assertEqual([a for a in heard if a in ("create", "start", "die", "destroy")], ["create", "start", "die", "destroy"])
        past = [event["Action"] for event in self.client.events(since=begun, until=time.time(), decode=True)]
        self.assertIn("destroy", past)

    def told(self, since, kind):
        """(action, id, attributes) of the events of a kind since then."""
        return [(event["Action"], event["Actor"]["ID"], event["Actor"]["Attributes"])
                for event in self.client.events(since=since, until=time.time() + 0.5, decode=True, filters={"type": kind})]

    def test_events_of_attaching_and_leaving(self):
        begun = time.time()
        one = self.containers.run(self.base, ["cat"], tty=True, stdin_open=True, detach=True)
        link = one.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1, "detachKeys": "ctrl-a,d"})
        link._sock.sendall(b"\x01d")
        self.assertEqual(link._sock.recv(100), b"")
        link.close()
        session = self.client.api.exec_create(one.id, ["cat"], stdin=True, tty=True, detach_keys="ctrl-a,d")["Id"]
        link = self.client.api.exec_start(session, tty=True, socket=True)
        link._sock.sendall(b"\x01d")
        self.assertEqual(link._sock.recv(100), b"")
        link.close()
        one.kill()
        one.wait()
        told = self.told(begun, "container")
        actions = [action for action, _, _ in told]
        for action in ("attach", "detach", "exec_detach"):
            self.assertIn(action, actions)
        self.assertEqual([about["execID"] for action, _, about in told if action == "exec_detach"], [session])

    def test_events_of_volumes_and_of_pruning(self):
        begun = time.time()
        self.client.volumes.create("told")
        one = self.up(volumes={"told": {"bind": "/v", "mode": "ro"}})
        one.kill()
        one.wait()
        self.assertEqual(self.containers.prune()["ContainersDeleted"], [one.id])
        self.client.networks.prune(), self.client.images.prune()
        self.assertEqual(self.client.volumes.prune(filters={"all": True})["VolumesDeleted"], ["told"])
        told = self.told(begun, "volume")
        self.assertEqual([action for action, _, _ in told], ["create", "mount", "unmount", "destroy", "prune"])
        self.assertEqual({name for _, name, _ in told[:4]}, {"told"})
        self.assertEqual(told[1][2], {"driver": "local", "container": one.id, "destination": "/v", "read/write": "false",
                                      "propagation": told[1][2]["propagation"]})
        self.assertEqual(told[2][2], {"driver": "local", "container": one.id})
        for kind in ("container", "network", "image"):
            self.assertEqual([about for action, _, about in self.told(begun, kind) if action == "prune"], [{"reclaimed": "0"}])

    def test_events_of_images(self):
        begun, made = time.time(), self.containers.create(self.base, labels={"from": "sdk"})
        image = made.commit("told-of", "1")
        saved = b"".join(image.save(named=True))
        self.client.images.remove("told-of:1")
        self.client.images.load(saved)
        told = self.told(begun, "image")
        self.assertEqual([action for action, _, _ in told], ["create", "tag", "save", "untag", "delete", "load"])
        self.assertEqual({subject for _, subject, _ in told}, {image.id})
        self.assertEqual([about.get("from") for _, _, about in told], ["sdk", "sdk", "sdk", "sdk", None, "sdk"])
        self.assertEqual([about["execDuration"] for action, _, about in self.told(begun, "container") if action == "die"], [])

    # ---- files and images

    def test_archives(self):
        made, kept = self.containers.create(self.base), io.BytesIO()
        with tarfile.open(fileobj=kept, mode="w") as tar:
            info = tarfile.TarInfo("told")
            info.size = 4
            tar.addfile(info, io.BytesIO(b"told"))
        self.assertTrue(made.put_archive("/tmp", kept.getvalue()))
        parts, about = made.get_archive("/tmp/told")
        self.assertEqual((about["name"], about["size"]), ("told", 4))
        with tarfile.open(fileobj=io.BytesIO(b"".join(parts))) as tar:
            self.assertEqual(tar.extractfile("told").read(), b"told")
        with tarfile.open(fileobj=io.BytesIO(b"".join(made.export()))) as tar:
            self.assertIn("tmp/told", [name.removeprefix("./") for name in tar.getnames()])
        self.assertIn("/tmp/told", [change["Path"] for change in made.diff()])
        image = made.commit("from-sdk", "one", changes=["ENV A=B"])
        self.assertEqual(self.containers.run("from-sdk:one", ["sh", "-c", "cat /tmp/told; echo $A"], remove=True), b"toldB\n")
        saved = b"".join(image.save(named=True))
        self.client.images.remove("from-sdk:one")
        self.assertEqual(self.client.images.load(saved)[0].id, image.id)
        self.assertTrue(image.tag("from-sdk", "two"))
        self.assertEqual(sorted(self.client.images.get("from-sdk:two").tags), ["from-sdk:one", "from-sdk:two"])
        self.assertGreater(len(image.history()), 1)
        self.client.images.remove("from-sdk:one"), self.client.images.remove("from-sdk:two")
        with self.assertRaises(docker.errors.ImageNotFound):
            self.client.images.get("from-sdk:two")

    def test_pull_and_push(self):
        repository = self.session.entry.rsplit(":", 1)[0]
        self.assertEqual(self.client.images.pull(repository, tag="1").labels, {"of": "image"})
        self.assertEqual([line for line in self.client.api.push(repository, "1", stream=True, decode=True) if "error" in line], [])
        self.assertIn("digest", str(self.client.images.push(repository, "1")))
        self.client.images.remove(self.session.entry)

    # ---- networks and volumes

    def test_networks(self):
        pool = docker.types.IPAMConfig(pool_configs=[docker.types.IPAMPool(subnet="10.231.11.0/24", gateway="10.231.11.254")])
        made = self.client.networks.create("sdk", driver="bridge", ipam=pool, labels={"a": "b"}, check_duplicate=True)
        try:
            one = self.up(name="netted", network="sdk")
            made.reload()
            self.assertEqual([c.id for c in made.containers], [one.id])
            made.disconnect(one)
            made.connect(one, aliases=["also"], ipv4_address="10.231.11.77")
            one.reload()
            self.assertEqual(one.attrs["NetworkSettings"]["Networks"]["sdk"]["IPAddress"], "10.231.11.77")
            self.assertEqual(self.containers.run(self.base, ["ping", "-c1", "-q", "also"], network="sdk", remove=True).count(b"0% packet loss"), 1)
            with self.assertRaises(docker.errors.APIError):
                made.remove()
            one.remove(force=True)
            self.assertEqual([n.name for n in self.client.networks.list(names=["sdk"])], ["sdk"])
        finally:
            self.daemon.remove_all()
            made.remove()

    def test_published_ports(self):
        one = self.up("sh", "-c", "while true; do nc -l -p 8080 -e echo served; done", ports={"8080/tcp": ("127.0.0.1", None), "53/udp": None})
        one.reload()
        port = int(one.ports["8080/tcp"][0]["HostPort"])
        self.assertTrue(one.ports["53/udp"])

        def served():
            try:
                with socket.create_connection(("127.0.0.1", port), 2) as link:
                    return link.makefile().read() == "served\n"
            except OSError:
                return False
        wait_until(served, 20, "the port to answer")

    def test_volumes(self):
        made = self.client.volumes.create("sdk", labels={"a": "b"})
        mounts = {"sdk": {"bind": "/v", "mode": "rw"}, os.path.realpath("/etc"): {"bind": "/host", "mode": "ro"}}
        self.containers.run(self.base, ["sh", "-c", "echo kept > /v/file"], volumes=mounts, remove=True)
        self.assertEqual(self.containers.run(self.base, ["cat", "/v/file"], remove=True, mounts=[docker.types.Mount("/v", "sdk")]), b"kept\n")
        self.assertEqual([v.name for v in self.client.volumes.list(filters={"label": "a=b"})], ["sdk"])
        self.assertEqual(made.attrs["Labels"], {"a": "b"})
        made.remove()
        with self.assertRaises(docker.errors.NotFound):
            self.client.volumes.get("sdk")

    def test_system(self):
        self.assertTrue(self.client.ping())
        self.assertIn("ApiVersion", self.client.version())
        self.assertGreater(self.client.info()["NCPU"], 0)
        self.assertIn("LayersSize", self.client.df())
