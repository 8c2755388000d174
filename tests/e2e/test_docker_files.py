"""docker cp both ways, docker export: of containers that run, are paused, were only created, or have stopped."""
import http.client
import io
import os
import subprocess
import tarfile
import tempfile
import threading
import time

import engine_api
import images
from docker_client import DockerCase
from harness import wait_until


def tar_of(**files):
    """A tar in memory: name=content; a content that is a TarInfo is an entry as it is."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, content in files.items():
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return made.getvalue()


class FilesCase(DockerCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=self.session.folder)

    def path(self, name, content=None):
        path = f"{self.folder}/{name}"
        if content is not None:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(content)
        return path

    def read(self, name):
        with open(self.path(name)) as file:
            return file.read()

    def put(self, container, path, body, query="", headers=None):
        """(status, text) of PUT archive."""
        connection = engine_api.Connection(self.daemon.socket)
        connection.request("PUT", f"/containers/{container}/archive?path={path}{query}", body, headers or {})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def get(self, target):
        """(status, bytes)."""
        connection = engine_api.Connection(self.daemon.socket)
        connection.request("GET", target)
        answer = connection.getresponse()
        try:
            return answer.status, answer.read()
        finally:
            connection.close()


class DockerFiles(FilesCase):
    # ---- what states there are

    def test_both_ways_in_every_state(self):
        self.path("in", "from the host\n")
        script = "echo made > /made; echo ready; sleep 1000"
        self.d_ok("create", "--name", "box", self.base, "sh", "-c", script)
        for state, step in (("created", None), ("running", "start"), ("paused", "pause"), ("unpaused", "unpause"), ("exited", "kill")):
            if step:
                self.d_ok(step, "box")
            if state == "running":
                wait_until(lambda: "ready" in self.d_ok("logs", "box"))
            with self.subTest(state):
                self.d_ok("cp", self.path("in"), f"box:/etc/{state}")
                self.d_ok("cp", f"box:/etc/{state}", self.path(f"out-{state}"))
                self.assertEqual(self.read(f"out-{state}"), "from the host\n")
                self.d_ok("cp", "box:/data", self.path(f"data-{state}"))
                self.assertEqual(self.read(f"data-{state}/kept"), "kept\n")
                self.assertFalse(os.path.exists(self.path(f"data-{state}/gone")))
                if state not in ("created",):
                    self.assertIn("made\n", self.d_ok("cp", "box:/made", "-"))
        self.d_ok("start", "box")
        self.assertEqual(self.d_ok("exec", "box", "cat", "/etc/created", "/etc/paused", "/etc/exited"), "from the host\n" * 3)

    def test_names_folders_and_renames_are_the_client_s(self):
        self.d_ok("run", "-d", "--name", "box", self.base, "sleep", "1000")
        self.path("tree/a", "A")
        self.path("tree/sub/b", "B")
        self.d_ok("cp", self.path("tree"), "box:/new")
        self.d_ok("cp", self.path("tree"), "box:/home")
        self.d_ok("cp", self.path("tree/."), "box:/root")
        self.assertEqual(self.d_ok("exec", "box", "cat", "/new/sub/b", "/home/tree/a", "/root/sub/b"), "BAB")
        self.d_ok("cp", "box:/new/.", self.path("back"))
        self.assertEqual(self.read("back/sub/b"), "B")
        self.d_ok("exec", "box", "ln", "-s", "/new/sub", "/link")
        self.d_ok("cp", "box:/link", self.path("as-link"))
        self.assertEqual(os.readlink(self.path("as-link")), "/new/sub")
        self.d_ok("cp", "-L", "box:/link", self.path("followed"))
        self.assertEqual(self.read("followed/b"), "B")
        self.d_ok("cp", self.path("tree/a"), "box:/link/through")
        self.assertEqual(self.d_ok("exec", "box", "cat", "/new/sub/through"), "A")

    def test_tar_streams(self):
        self.d_ok("run", "-d", "--name", "box", self.base, "sleep", "1000")
        archive = tar_of(one=b"1", two=b"2")
        for name, packed in (("plain", archive), ("gz", subprocess.run(["gzip", "-c"], input=archive, capture_output=True).stdout),
                             ("bz2", __import__("bz2").compress(archive)), ("xz", __import__("lzma").compress(archive)),
                             ("zstd", subprocess.run(["zstd", "-qc"], input=archive, capture_output=True).stdout)):
            with self.subTest(name):
                self.d_ok("exec", "box", "mkdir", f"/{name}")
                done = subprocess.run([self.docker, "cp", "-", f"box:/{name}"], env=self.daemon.environment, input=packed, capture_output=True)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(self.d_ok("exec", "box", "cat", f"/{name}/one", f"/{name}/two"), "12")
        done = subprocess.run([self.docker, "cp", "box:/plain", "-"], env=self.daemon.environment, capture_output=True)
        self.assertEqual(sorted(tarfile.open(fileobj=io.BytesIO(done.stdout)).getnames()), ["plain", "plain/one", "plain/two"])

    def test_attributes(self):
        self.d_ok("create", "--name", "box", "--user", "user", self.base, "sleep", "1000")
        info = tarfile.TarInfo("f")
        info.uid, info.gid, info.mode, info.mtime = 12, 34, 0o4751, 1600000000
        self.assertEqual(self.put("box", "/tmp", tar_of(f=info))[0], 200)
        member = tarfile.open(fileobj=io.BytesIO(self.get("/containers/box/archive?path=/tmp/f")[1])).getmember("f")
        self.assertEqual((member.uid, member.gid, member.mode, member.mtime), (12, 34, 0o4751, 1600000000))
        self.assertEqual(self.put("box", "/tmp", tar_of(f=info), "&copyUIDGID=true")[0], 200)
        member = tarfile.open(fileobj=io.BytesIO(self.get("/containers/box/archive?path=/tmp/f")[1])).getmember("f")
        self.assertEqual((member.uid, member.gid), (1000, 1000))

    # ---- mounts

    def test_volumes_and_binds_are_seen_whether_it_runs_or_not(self):
        self.path("bound/x", "bound")
        self.path("in", "in")
        self.d_ok("create", "--name", "box", "-v", "cp-vol:/deep/volume", "-v", f"{self.path('bound')}:/bind:ro", self.base, "sleep", "1000")
        for state in ("created", "running"):
            if state == "running":
                self.d_ok("start", "box")
            self.d_ok("cp", self.path("in"), f"box:/deep/volume/{state}")
            self.d_ok("cp", f"box:/deep/volume/{state}", self.path("out"))
            self.assertEqual(self.read("out"), "in")
            self.d_ok("cp", "box:/bind/x", self.path("out"))
            self.assertEqual(self.read("out"), "bound")
            self.d_refused("mounted volume is marked read-only", "cp", self.path("in"), "box:/bind/y")
        self.assertEqual(self.d_ok("exec", "box", "ls", "/deep/volume").split(), ["created", "running"])

    def test_a_read_only_root(self):
        self.path("in", "in")
        self.d_ok("create", "--name", "box", "--read-only", "-v", "ro-vol:/v", self.base, "sleep", "1000")
        for state in ("created", "running"):
            if state == "running":
                self.d_ok("start", "box")
            self.d_refused("container rootfs is marked read-only", "cp", self.path("in"), "box:/etc/x")
            self.d_ok("cp", self.path("in"), "box:/v/x")
            self.d_ok("cp", "box:/data/kept", self.path("out"))
            self.assertEqual(self.read("out"), "kept\n")
        self.d_ok("rm", "-f", "box")
        self.d_ok("volume", "rm", "ro-vol")

    def test_a_writable_layer_in_memory_is_there_while_it_runs(self):
        self.path("in", "in")
        self.ok("run", "-d", "--name", "box", "--storage-opt", "memory=4m", self.base, "sleep", "1000")
        self.d_ok("cp", self.path("in"), "box:/etc/x")
        self.assertEqual(self.d_ok("exec", "box", "cat", "/etc/x"), "in")
        self.d_ok("kill", "box")
        self.d_refused("its writable layer was in memory", "cp", "box:/etc/x", self.path("out"))

    # ---- what is refused

    def test_errors_are_dockerd_s(self):
        self.d_ok("run", "-d", "--name", "box", self.base, "sleep", "1000")
        self.d_refused("Could not find the file /none in container box", "cp", "box:/none", self.path("out"))
        self.d_refused("No such container: none", "cp", "none:/etc", self.path("out"))
        self.assertEqual(self.get("/containers/box/archive?path=/none")[0], 404)
        self.assertEqual(self.get("/containers/box/archive")[0], 400)
        self.assertEqual(self.get("/containers/box/archive?path=/data/kept/x")[0], 400)
        self.assertEqual(self.put("box", "/none", tar_of(a=b"x"))[0], 404)
        status, text = self.put("box", "/data/kept", tar_of(a=b"x"))
        self.assertEqual((status, "extraction point is not a directory" in text), (400, True))
        self.assertEqual(self.put("box", "/tmp", b"this is no archive" * 100)[0], 400)
        status, text = self.put("box", "/", tar_of(data=b"x"), "&noOverwriteDirNonDir=true")
        self.assertEqual((status, "cannot overwrite directory" in text), (400, True))
        self.assertEqual(self.put("box", "/tmp", tar_of(**{"../../etc/x": b"x"}))[0], 400)
        with tempfile.NamedTemporaryFile() as big:
            big.truncate(32 << 20)
            self.assertEqual(self.put("none", "/", big)[0], 404)

    # ---- export

    def test_export(self):
        self.d_ok("create", "--name", "box", "-v", "export-vol:/data", self.base, "sh", "-c", "echo x > /made; echo y > /data/volume; sleep 1000")
        for state in ("created", "running", "exited"):
            if state == "running":
                self.d_ok("start", "box")
                wait_until(lambda: "volume" in self.d_ok("exec", "box", "ls", "/data"))
            if state == "exited":
                self.d_ok("kill", "box")
            self.d_ok("export", "-o", self.path("out.tar"), "box")
            with tarfile.open(self.path("out.tar")) as tar:
                names = tar.getnames()
                self.assertIn("bin/busybox", names)
                self.assertEqual("made" in names, state != "created", state)
                self.assertNotIn("data/volume", names)  # of a volume, not of the container
                self.assertFalse([n for n in names if n.startswith("proc/")], "the container's /proc is no file of it")
                self.assertEqual(tar.getmember("bin/sh").linkname, "busybox")

    # ---- slow and dead clients, starts

    def slow_get(self, container, path):
        """A client that asks for an archive and takes but a little of it."""
        client = engine_api.Connection(self.daemon.socket)
        client.request("GET", f"/containers/{container}/archive?path={path}")
        answer = client.getresponse()
        self.assertEqual(answer.status, 200)
        answer.read(4096)
        return client

    def workers(self):
        pid = self.daemon.process.pid
        names = []
        for thread in os.listdir(f"/proc/{pid}/task"):
            try:
                names.append(open(f"/proc/{pid}/task/{thread}/comm").read().strip())
            except OSError:
                pass
        return names.count("files")

    def test_a_start_waits_for_who_reads_the_stopped_container(self):
        self.d_ok("run", "--name", "box", self.base, "sh", "-c", "dd if=/dev/zero of=/big bs=1M count=16 2>/dev/null")
        slow = self.slow_get("box", "/big")
        begun = time.time()
        threading.Timer(2, slow.close).start()
        self.d_ok("start", "box")
        self.assertGreater(time.time() - begun, 1.5)
        wait_until(lambda: self.workers() == 0)

    def test_a_slow_client_holds_up_nobody(self):
        self.d_ok("run", "-d", "--name", "box", self.base, "sh", "-c", "dd if=/dev/zero of=/big bs=1M count=16 2>/dev/null; echo ready; sleep 1000")
        wait_until(lambda: "ready" in self.d_ok("logs", "box"))
        slow = [self.slow_get("box", "/big") for _ in range(15)]
        self.d_ok("cp", "box:/etc/passwd", self.path("out"))
        self.d_ok("stop", "-t", "0", "box")
        for client in slow:
            client.close()
        wait_until(lambda: self.workers() == 0)

    def test_a_client_that_dies_leaves_nothing(self):
        self.d_ok("run", "-d", "--name", "box", self.base, "sleep", "1000")
        client = engine_api.Connection(self.daemon.socket)
        client.putrequest("PUT", "/containers/box/archive?path=/tmp")
        client.putheader("Transfer-Encoding", "chunked")
        client.endheaders()
        info = tarfile.TarInfo("half")
        info.size = 1 << 30
        client.send(b"200\r\n" + info.tobuf() + b"\r\n8000\r\n" + b"x" * 0x8000 + b"\r\n")
        wait_until(lambda: self.workers() == 1)
        client.close()
        wait_until(lambda: self.workers() == 0)
        self.d_ok("rm", "-f", "box")

    def test_a_removal_does_not_wait(self):
        self.d_ok("run", "-d", "--name", "box", self.base, "sh", "-c", "dd if=/dev/zero of=/big bs=1M count=16 2>/dev/null; echo ready; sleep 1000")
        wait_until(lambda: "ready" in self.d_ok("logs", "box"))
        slow = self.slow_get("box", "/big")
        self.d_ok("rm", "-f", "box")
        slow.close()
        wait_until(lambda: self.workers() == 0)


class HostileContainers(FilesCase):
    """The published ways out of docker cp, tried."""

    def test_links_lead_nowhere_but_into_the_container(self):
        secret = self.path("secret", "the host's")
        self.d_ok("run", "-d", "--name", "box", self.base, "sh", "-c",
                  f"ln -s /proc/self/root /magic; ln -s {secret} /direct; ln -s ../../../../../..{secret} /up; "
                  "ln -s /proc/1/root /init; ln -s /proc/self/fd/0 /fd; echo ready; sleep 1000")
        wait_until(lambda: "ready" in self.d_ok("logs", "box"))
        for path in (f"/magic{secret}", "/direct/", "/up/", f"/init{secret}", "/fd/", f"/magic/../..{secret}"):
            with self.subTest(path):
                status, body = self.get(f"/containers/box/archive?path={path}")
                self.assertIn(status, (400, 403, 404))
                self.assertNotIn(b"the host's", body)
                status, _ = self.put("box", path, tar_of(evil=b"x"))
                self.assertIn(status, (400, 403, 404))
        done = self.d("cp", "-L", "box:/direct", self.path("out"))
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(os.listdir(self.folder), ["secret"])

    def test_a_folder_that_is_swapped_with_a_link_to_the_host_cve_2018_15664(self):
        self.path("host/etc/secret", "the host's")
        host = self.path("host")
        self.d_ok("run", "-d", "--name", "box", self.base, "sh", "-c",
                  f"mkdir -p /d/etc; echo mine > /d/etc/secret; ln -s {host} /link; echo ready; "
                  "while true; do busybox mv /d /a; busybox mv /link /d; busybox mv /d /link; busybox mv /a /d; done")
        wait_until(lambda: "ready" in self.d_ok("logs", "box"))
        seen, evil = set(), tar_of(secret=b"overwritten", new=b"evil")
        for _ in range(300):
            try:
                status, body = self.get("/containers/box/archive?path=/d/etc/secret")
            except http.client.IncompleteRead as cut:  # swapped between the answer's head and its archive
                status, body = 200, cut.partial
            self.assertNotIn(b"the host's", body)
            seen.add(status)
            self.put("box", "/d/etc", evil)
        self.assertIn(200, seen)
        self.assertEqual(self.read("host/etc/secret"), "the host's")
        self.assertEqual(os.listdir(self.path("host/etc")), ["secret"])

    def test_libraries_of_the_container_are_not_loaded_cve_2019_14271(self):
        layer = images.busybox()
        for folder in ("lib", "lib/x86_64-linux-gnu", "usr/lib", "usr/lib/x86_64-linux-gnu"):
            layer.folder(folder)
            for name in ("libnss_files.so.2", "libnss_compat.so.2", "libc.so.6"):
                layer.file(f"{folder}/{name}", b"\x7fELF" + os.urandom(2000), 0o755)
        layer.file("etc/nsswitch.conf", "passwd: files compat evil\ngroup: files compat evil\n")
        name = self.session.push("nss:1", images.Image([layer]))
        self.d_ok("pull", "-q", name)
        self.d_ok("run", "-d", "--name", "box", "--user", "user", name, "sleep", "1000")
        self.path("in", "in")
        self.d_ok("cp", "-a", self.path("in"), "box:/tmp/in")
        self.d_ok("cp", "-a", "box:/tmp/in", self.path("out"))
        pid = self.daemon.process.pid
        self.assertNotIn("libnss_evil", open(f"/proc/{pid}/maps").read())
        with open(f"/proc/{pid}/maps") as maps:
            self.assertFalse([line for line in maps if self.daemon.root in line and ".so" in line])

    def test_fifos_devices_and_sockets_make_nobody_wait(self):
        self.d_ok("run", "-d", "--name", "box", "--cap-add", "MKNOD", self.base, "sh", "-c",
                  "mkdir /s; mkfifo /s/fifo || mknod /s/fifo p; mknod /s/console c 5 1; nc -lU /s/socket & echo ready; sleep 1000")
        wait_until(lambda: "ready" in self.d_ok("logs", "box"))
        status, body = self.get("/containers/box/archive?path=/s")
        self.assertEqual(status, 200)
        self.assertIn("s/fifo", tarfile.open(fileobj=io.BytesIO(body)).getnames())
        self.assertEqual(self.get("/containers/box/archive?path=/s/fifo")[0], 200)
        self.assertIn(self.put("box", "/s/fifo", tar_of(a=b"x"))[0], (400,))

    def test_what_the_container_mounts_is_not_looked_at(self):
        self.d_ok("run", "-d", "--name", "box", "--privileged", self.base, "sh", "-c",
                  "mkdir /m; mount -t tmpfs none /m && echo hidden > /m/x; mount -t proc proc /tmp; echo ready; sleep 1000")
        wait_until(lambda: "ready" in self.d_ok("logs", "box"))
        self.assertEqual(self.get("/containers/box/archive?path=/m/x")[0], 404)
        names = tarfile.open(fileobj=io.BytesIO(self.get("/containers/box/archive?path=/tmp")[1])).getnames()
        self.assertEqual(names, ["tmp"])


class GantryFiles(FilesCase):
    """The same by gantry's own command line."""

    def test_copies_both_ways(self):
        self.ok("run", "-d", "--name", "box", self.base, "sleep", "1000")
        self.path("tree/a", "A")
        self.path("tree/sub/b", "B")
        self.ok("cp", self.path("tree"), "box:/new")
        self.ok("cp", self.path("tree/a"), "box:/home/")
        self.ok("cp", self.path("tree/."), "box:/root")
        self.assertEqual(self.ok("exec", "box", "cat", "/new/sub/b", "/home/a", "/root/sub/b"), "BAB")
        self.ok("cp", "-q", "box:/new", self.path("back"))
        self.ok("cp", "box:/new/.", self.path("back"))
        self.ok("cp", "box:/new/a", self.path("back/renamed"))
        self.assertEqual((self.read("back/sub/b"), self.read("back/a"), self.read("back/renamed")), ("B", "A", "A"))
        self.ok("exec", "box", "ln", "-s", "/new/sub", "/link")
        self.ok("cp", "-L", "box:/link", self.path("followed"))
        self.assertEqual(self.read("followed/b"), "B")
        self.ok("cp", self.path("tree/a"), "box:/link")
        self.assertEqual(self.ok("exec", "box", "cat", "/new/sub/a"), "A")
        self.ok("kill", "box")
        self.ok("cp", "box:/home/a", self.path("stopped"))
        self.assertEqual(self.read("stopped"), "A")

    def test_streams(self):
        self.ok("create", "--name", "box", self.base, "true")
        program = os.path.join(os.path.dirname(self.daemon_program()), "gantry")
        done = subprocess.run([program, "cp", "-", "box:/tmp"], env=self.daemon.environment, input=tar_of(one=b"1"), capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = subprocess.run([program, "cp", "box:/tmp/one", "-"], env=self.daemon.environment, capture_output=True)
        self.assertEqual(tarfile.open(fileobj=io.BytesIO(done.stdout)).getnames(), ["one"])
        self.ok("export", "-o", self.path("out.tar"), "box")
        self.assertIn("tmp/one", tarfile.open(self.path("out.tar")).getnames())
        done = subprocess.run([program, "export", "box"], env=self.daemon.environment, capture_output=True)
        self.assertIn("bin/busybox", tarfile.open(fileobj=io.BytesIO(done.stdout)).getnames())

    def daemon_program(self):
        return self.daemon.process.args[0]

    def test_refusals(self):
        self.ok("create", "--name", "box", "--read-only", self.base, "true")
        self.path("in", "in")
        self.refused("container rootfs is marked read-only", "cp", self.path("in"), "box:/etc/x")
        self.refused("Could not find the file", "cp", "box:/none", self.path("out"))
        self.refused("name a container on one side", "cp", self.path("in"), self.path("out"))
        self.refused("name a container on one side", "cp", "box:/etc", "box:/x")
        self.refused("no such directory", "cp", self.path("in"), "box:/none/")
        self.refused("cannot copy a directory to the file", "cp", "box:/etc", self.path("in"))
        self.refused("no such file", "cp", self.path("nothing"), "box:/etc")
        self.refused("No such container", "export", "none")
        self.assertEqual(sorted(os.listdir(self.folder)), ["in"])
