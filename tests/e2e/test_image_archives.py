"""Images out and in as bytes: save, load, import, push, commit, diff; with docker's client, skopeo and a real registry."""
import base64
import gzip
import http.client
import http.server
import io
import json
import lzma
import os
import shutil
import socket
import subprocess
import tarfile
import threading
import time
import urllib.parse

import engine_api
import images
from docker_client import DockerCase
from harness import RealRegistry, wait_until


def tar_of(files, kinds=None):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            if kinds and name in kinds:
                info.type, info.linkname, info.size = tarfile.SYMTYPE, kinds[name], 0
            tar.addfile(info, io.BytesIO(content))
    return made.getvalue()


class Archives(DockerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.files = f"{cls.session.folder}/archives"
        os.makedirs(cls.files)

    def d(self, *arguments, daemon=None, **options):
        daemon = daemon or self.daemon
        daemon.environment["DOCKER_HOST"] = f"unix://{daemon.socket}"
        return daemon.gantry(*arguments, program=self.docker, **options)

    def d_ok(self, *arguments, daemon=None, **options):
        done = self.d(*arguments, daemon=daemon, **options)
        log = (daemon or self.daemon).log()[-1500:]
        self.assertEqual(done.returncode, 0, f"docker {' '.join(arguments)}: {done.stdout}{done.stderr}\n{log}")
        return done.stdout

    def empty_engine(self):
        daemon = self.session.daemon().start()
        self.addCleanup(daemon.close)
        return daemon

    def image(self, name, daemon=None):
        return json.loads(self.d_ok("image", "inspect", name, daemon=daemon))[0]

    def skopeo(self, *arguments):
        done = subprocess.run(["skopeo", *arguments], capture_output=True, text=True, env={**os.environ, "TMPDIR": self.files})
        self.assertEqual(done.returncode, 0, f"skopeo {arguments}: {done.stderr}")
        return done.stdout

    def file(self, name, content=None):
        path = f"{self.files}/{name}"
        if content is not None:
            with open(path, "wb") as file:
                file.write(content)
        return path

    def load_bytes(self, content, daemon=None):
        """Status and body of a load."""
        connection = engine_api.Connection((daemon or self.daemon).socket, 60)
        connection.request("POST", "/images/load", content)
        answer = connection.getresponse()
        said = answer.read().decode()
        connection.close()
        return answer.status, said

    def store(self, daemon=None):
        """All that the store holds of images."""
        root = (daemon or self.daemon).root
        return {folder: sorted(os.listdir(f"{root}/{folder}")) for folder in ("blobs/sha256", "ingest", "layers")}

    # ---- save and load

    def test_what_is_saved_is_loaded_by_an_empty_engine_with_the_same_digests(self):
        saved = self.file("base.tar")
        self.d_ok("save", "-o", saved, self.base)
        with tarfile.open(saved) as tar:
            names = tar.getnames()
        self.assertLessEqual({"oci-layout", "index.json", "manifest.json"}, set(names))
        other = self.empty_engine()
        self.assertEqual(self.d_ok("load", "-i", saved, daemon=other), f"Loaded image: {self.base}\n")
        here, there = self.image(self.base), self.image(self.base, other)
        for key in ("Id", "RepoTags", "RepoDigests", "RootFS", "Config", "Created"):
            self.assertEqual(here[key], there[key], key)
        self.assertEqual(self.d_ok("run", "--rm", self.base, "echo", "it runs", daemon=other), "it runs\n")

    def test_several_images_whose_layers_are_shared_lie_in_one_archive_once(self):
        shared = images.Layer().file("shared", os.urandom(1 << 16))
        first = self.session.push("first:1", images.Image([shared], "none"))
        second = self.session.push("second:1", images.Image([shared, images.Layer().file("own", "1")], "none"))
        for name in (first, second):
            self.d_ok("pull", "-q", name)
        self.d_ok("tag", first, "another:name")
        saved = self.file("two.tar")
        self.d_ok("save", "-o", saved, first, "another:name", second)
        with tarfile.open(saved) as tar:
            names = tar.getnames()
        self.assertEqual(len(names), len(set(names)))
        other = self.empty_engine()
        loaded = self.d_ok("load", "-i", saved, daemon=other)
        for name in (first, "another:name", second):
            self.assertIn(f"Loaded image: {name}\n", loaded)
        self.d_ok("rmi", "another:name", first, second)

    def test_a_layer_that_came_as_two_blobs_is_saved_and_pushed_as_either(self):
        shared = images.Layer().file("shared", os.urandom(1 << 16))
        target = f"{self.session.registry.address}/another/repository:1"
        for form in ("gzip", "none"):
            name = self.session.push(f"as-{form}:1", images.Image([shared], form))
            self.d_ok("pull", "-q", name)
        layers = len(self.store()["layers"])
        self.d_ok("tag", name, target)
        self.d_ok("push", target)
        saved = self.file("as-none.tar")
        self.d_ok("save", "-o", saved, name)
        other = self.empty_engine()
        self.d_ok("load", "-i", saved, daemon=other)
        self.assertEqual(self.image(name)["RepoDigests"][0].split("@")[1], self.image(target)["RepoDigests"][0].split("@")[1])
        self.d_ok("rmi", target, name)
        self.assertEqual(len(self.store()["layers"]), layers)  # the other image has it
        self.d_ok("rmi", name.replace("none", "gzip"))

    def test_an_image_that_is_not_there_is_not_found(self):
        self.assertEqual(self.daemon.api("GET", "/images/nobody/get")[0], 404)
        self.assertIn("No such image", self.d("save", "-o", self.file("none"), "nobody:1").stderr)

    def test_by_its_id_an_image_is_saved_without_names(self):
        saved = self.file("id.tar")
        self.d_ok("save", "-o", saved, self.image(self.base)["Id"])
        with tarfile.open(saved) as tar:
            self.assertIsNone(json.load(tar.extractfile("manifest.json"))[0]["RepoTags"])
        self.assertIn("Loaded image ID: sha256:", self.d_ok("load", "-i", saved))

    def test_archives_of_skopeo_are_loaded_and_ours_are_read_by_it(self):
        identity = self.image(self.base)["Id"]
        for form, loaded in ((f"docker-archive:{self.files}/da.tar:from-skopeo:1", "from-skopeo:1"),
                             (f"oci-archive:{self.files}/oa.tar:from-skopeo:2", "from-skopeo:2")):
            self.skopeo("copy", "-q", "--src-tls-verify=false", f"docker://{self.base}", form)
            said = self.d_ok("load", "-i", form.split(":")[1])
            self.assertEqual(said, f"Loaded image: {loaded}\n")
            self.assertEqual(self.image(loaded)["Id"], identity)
            self.assertEqual(self.d_ok("run", "--rm", loaded, "echo", "yes"), "yes\n")
            self.d_ok("rmi", loaded)
        saved = self.file("ours.tar")
        self.d_ok("save", "-o", saved, self.base)
        for form in (f"docker-archive:{saved}", f"oci-archive:{saved}"):
            config = self.skopeo("inspect", "--config", "--raw", form)
            self.assertEqual(images.digest(config.encode()), identity)
        self.skopeo("copy", "-q", f"oci-archive:{saved}", f"oci:{self.files}/out")

    def test_bodies_may_be_compressed(self):
        saved = self.file("plain.tar")
        self.d_ok("save", "-o", saved, self.base)
        with open(saved, "rb") as file:
            plain = file.read()
        bodies = [gzip.compress(plain, 1), lzma.compress(plain, preset=0)]
        if shutil.which("zstd"):
            bodies.append(subprocess.run(["zstd", "-q", "-c"], input=plain, stdout=subprocess.PIPE).stdout)
        for body in bodies:
            status, said = self.load_bytes(body)
            self.assertEqual((status, "Loaded image" in str(said)), (200, True), said)

    def test_hostile_archives_are_refused_with_a_reason_and_leave_nothing(self):
        before = self.store()
        layer = tar_of({"x": b"1"})
        config = json.dumps({"os": "linux", "architecture": images.ARCHITECTURE,
                             "rootfs": {"type": "layers", "diff_ids": [images.digest(b"another")]}}).encode()
        manifest = json.dumps([{"Config": "c.json", "RepoTags": ["evil:1"], "Layers": ["l.tar"]}]).encode()
        good = {"c.json": config, "l.tar": layer, "manifest.json": manifest}
        link = tar_of({**good, "l.tar": b""}, {"l.tar": "../../../../etc/passwd"})
        for body, word in ((b"", "neither"), (b"garbage" * 200, "tar"), (tar_of({"a": b"1"}), "docker import"),
                           (tar_of({"../../x": b"1"}), ".."), (link, "leads out"),
                           (tar_of(good)[:1500], ""), (tar_of(good), "digest"),
                           (tar_of({**good, "manifest.json": b"[" * 100000}), "manifest.json"),
                           (tar_of({f"f{n}": b"" for n in range(50_001)}), "50000 entries"),
                           (gzip.compress(tar_of(good))[:-9], "")):
            status, said = self.load_bytes(body)
            self.assertEqual(status, 200, said)
            self.assertIn(word, json.loads(said)["error"])
        wait_until(lambda: self.store() == before, what="nothing of them to be left")
        self.assertEqual(self.d("image", "inspect", "evil:1").returncode, 1)

    def half_load(self, saved, daemon, part=0.7):
        """A connection on which a part of an archive was sent as a load's body."""
        with open(saved, "rb") as file:
            content = file.read()
        body = socket.socket(socket.AF_UNIX)
        body.connect(daemon.socket)
        body.sendall(b"POST /images/load HTTP/1.1\r\nHost: d\r\nContent-Length: %d\r\n\r\n" % len(content))
        body.sendall(content[:int(len(content) * part)])
        return body

    def big_archive(self):
        name = self.session.push("big:1", images.bulky_image(3, 1 << 22))
        saved = self.file("big.tar")
        self.d_ok("pull", "-q", name)
        self.d_ok("save", "-o", saved, name)
        self.d_ok("rmi", name)
        return name, saved

    def test_a_client_that_goes_away_in_the_middle_leaves_nothing(self):
        name, saved = self.big_archive()
        before = self.store()
        body = self.half_load(saved, self.daemon)
        wait_until(lambda: self.store()["ingest"] != before["ingest"], what="the archive to be on its way")
        body.close()
        wait_until(lambda: self.store() == before, what="nothing of it to be left")
        self.assertEqual(self.d("image", "inspect", name).returncode, 1)

    def test_an_engine_that_is_killed_in_the_middle_leaves_nothing_half_made(self):
        name, saved = self.big_archive()
        daemon = self.empty_engine()
        before = self.store(daemon)
        body = self.half_load(saved, daemon)
        wait_until(lambda: self.store(daemon)["ingest"] != before["ingest"], what="the archive to be on its way")
        daemon.kill9()
        body.close()
        daemon.start()
        wait_until(lambda: self.store(daemon) == before, what="the start to sweep")
        self.assertEqual(self.d_ok("images", "-aq", daemon=daemon), "")
        self.d_ok("load", "-i", saved, daemon=daemon)
        self.assertEqual(self.d_ok("images", "--format", "{{.Repository}}:{{.Tag}}", daemon=daemon).strip(), name)

    # ---- import

    def test_a_root_file_system_is_imported_with_changes(self):
        made = self.d_ok("run", "--name", "source", self.base, "sh", "-c", "echo content >/file")
        self.assertEqual(made, "")
        root = tar_of({"file": b"content\n", "dir/other": b"2"})
        for body in (root, gzip.compress(root), lzma.compress(root)):
            said = self.d_ok("import", "-c", 'CMD ["cat", "/file"]', "-c", "ENV A=b", "-m", "why", self.file("root", body), "imported:1")
            self.assertRegex(said, "^sha256:[0-9a-f]{64}\n$")
        image = self.image("imported:1")
        self.assertEqual((image["Config"]["Cmd"], image["Config"]["Env"], len(image["RootFS"]["Layers"])), (["cat", "/file"], ["A=b"], 1))
        self.assertIn("why", self.d_ok("history", "imported:1"))
        self.d_ok("create", "--name", "of-import", "imported:1")
        self.d_ok("rm", "of-import")
        self.assertIn("FROM", self.d("import", "-c", "FROM x", self.file("root", root), "imported:2").stderr)
        self.d_ok("rmi", "imported:1")

    def serve(self, answer):
        """The URL of a server whose GETs `answer` answers, with the handler."""
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            do_GET = answer

            def log_message(self, *_):
                pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # a client that has heard enough
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.addCleanup(lambda: (server.shutdown(), server.server_close()))
        return f"http://127.0.0.1:{server.server_port}"

    def import_url(self, url, query=""):
        """Status and lines of an import."""
        status, said = self.daemon.api("POST", f"/images/create?fromSrc={urllib.parse.quote(url, safe='')}{query}")
        return status, [said] if isinstance(said, dict) else [json.loads(line) for line in said.splitlines()]

    def test_a_root_file_system_is_imported_from_a_url(self):
        body = gzip.compress(tar_of({"file": os.urandom(3 << 20)}))

        def answer(handler):
            moved = handler.path != "/root.tar.gz"
            handler.send_response(301 if moved else 200)
            handler.send_header("Content-Length", "0" if moved else str(len(body)))
            if moved:
                handler.send_header("Location", "/root.tar.gz")
            handler.end_headers()
            if not moved:
                handler.wfile.write(body)
        url = self.serve(answer)
        status, lines = self.import_url(f"{url}/moved", "&repo=by-url&tag=1&changes=CMD%20x")
        self.assertEqual(status, 200)
        self.assertEqual(lines[0], {"status": f"Downloading from {url}/moved"})
        self.assertEqual(lines[-2], {"status": "Importing", "progressDetail": {"current": len(body), "total": len(body)}})
        image = self.image("by-url:1")
        self.assertEqual(lines[-1], {"status": image["Id"]})
        self.assertEqual((image["Comment"], image["Config"]["Cmd"]), (f"Imported from {url}/moved", ["/bin/sh", "-c", "x"]))
        self.assertEqual(self.import_url(url.removeprefix("http://"))[1][-1]["status"][:7], "sha256:")  # as dockerd completes it
        self.assertIn("sha256:", self.d_ok("import", f"{url}/root.tar.gz", "by-url:1"))
        self.assertIn("sha256:", self.ok("import", f"{url}/root.tar.gz", "by-url:1"))
        self.d_ok("rmi", "by-url:1")

    def test_what_cannot_be_downloaded_is_refused_and_leaves_nothing(self):
        before = self.store()

        def answer(handler):
            handler.send_response({"/none": 404, "/broken": 500}.get(handler.path, 200))
            whole = tar_of({"file": os.urandom(1 << 20)})
            handler.send_header("Content-Length", str(len(whole) + (100 if handler.path == "/short" else 0)))
            handler.end_headers()
            handler.wfile.write(whole if handler.path != "/garbage" else b"x" * len(whole))
            handler.close_connection = True
        url = self.serve(answer)
        for at, status, word in ((f"{url}/none", 404, "404"), (f"{url}/broken", 500, "500"), ("ftp://127.0.0.1/x", 400, "neither https nor http"),
                                 ("file:///etc/passwd", 400, "neither https nor http"), ("http://u:p@127.0.0.1/x", 400, "password"),
                                 ("http://127.0.0.1:1/x", 500, "127.0.0.1:1")):
            told, lines = self.import_url(at)
            self.assertEqual(told, status, lines)
            self.assertIn(word, lines[0]["message"])
        for at in ("/short", "/garbage"):
            told, lines = self.import_url(url + at)
            self.assertEqual((told, lines[0]["status"]), (200, f"Downloading from {url}{at}"))
            self.assertIn("error", lines[-1])
        self.assertEqual(self.d("import", f"{url}/short").returncode, 1)
        wait_until(lambda: self.store() == before, what="nothing of them to be left")

    def test_a_download_ends_with_its_client(self):
        before, gone = self.store(), threading.Event()

        def answer(handler):
            handler.send_response(200)
            handler.end_headers()
            try:
                while True:
                    handler.wfile.write(bytes(512))
                    time.sleep(0.05)
            except OSError:
                gone.set()
                handler.close_connection = True
        connection = engine_api.Connection(self.daemon.socket, 60)
        connection.request("POST", "/images/create?fromSrc=" + self.serve(answer))
        self.assertIn(b"Downloading", connection.getresponse().readline())
        connection.sock.shutdown(socket.SHUT_RDWR)
        self.assertTrue(gone.wait(10))
        wait_until(lambda: self.store() == before, what="nothing of it to be left")

    # ---- push

    def test_pushed_is_pulled_with_the_same_digest(self):
        target = f"{self.session.registry.address}/pushed/app"
        image = self.session.push("source:1", images.bulky_image(2, 1 << 20))
        self.d_ok("pull", "-q", image)
        self.d_ok("tag", image, f"{target}:1")
        said = self.d_ok("push", f"{target}:1")
        self.assertIn(f"The push refers to repository [{target}]", said)
        digest = said.split("digest: ")[1].split()[0]
        self.assertIn(f"@{digest}", str(self.image(image)["RepoDigests"]))
        inspected = json.loads(self.skopeo("inspect", "--tls-verify=false", f"docker://{target}:1"))
        self.assertEqual(inspected["Digest"], digest)
        self.assertIn("Layer already exists", self.d_ok("push", f"{target}:1"))
        other = self.empty_engine()
        self.d_ok("pull", "-q", f"{target}@{digest}", daemon=other)
        self.d_ok("tag", image, f"{target}:2")
        said = self.d_ok("push", "-a", target)
        self.assertIn("1: digest", said)
        self.assertIn("2: digest", said)
        self.d_ok("rmi", image, f"{target}:1", f"{target}:2")

    def test_a_layer_of_another_repository_is_mounted(self):
        target = f"{self.session.registry.address}/elsewhere/app:1"
        self.d_ok("tag", self.base, target)
        self.assertIn("Mounted from", self.d_ok("push", target))
        self.assertTrue(self.skopeo("inspect", "--tls-verify=false", f"docker://{target}"))
        self.d_ok("rmi", target)

    def test_a_registry_with_a_password(self):
        folder = f"{self.files}/auth"
        os.makedirs(folder, exist_ok=True)
        registry = PasswordRegistry(folder)
        self.addCleanup(registry.close)
        target = f"{registry.address}/private:1"
        self.d_ok("tag", self.base, target)
        refused = self.d("push", target)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("401", refused.stdout + refused.stderr)
        header = base64.urlsafe_b64encode(json.dumps({"username": "u", "password": "p"}).encode()).decode()
        status, said = self.daemon.api("POST", f"/images/{target.rsplit(':', 1)[0]}/push?tag=1", headers={"X-Registry-Auth": header}, timeout=60)
        self.assertEqual(status, 200)
        self.assertIn("aux", str(said))
        self.d_ok("rmi", target)

    def test_what_is_not_there_cannot_be_pushed(self):
        done = self.d("push", f"{self.session.registry.address}/nobody:1")
        self.assertIn("does not exist locally", done.stderr)

    # ---- commit and diff

    def test_diff_says_what_changed(self):
        self.d_ok("run", "--name", "changed", self.base, "sh", "-c",
                  "echo x >/new; mkdir -p /d/e; echo y >/d/e/f; rm /etc/group; chmod 600 /etc/passwd")
        lines = set(self.d_ok("diff", "changed").splitlines())
        self.assertLessEqual({"A /new", "A /d", "A /d/e", "A /d/e/f", "D /etc/group", "C /etc/passwd", "C /etc"}, lines)
        self.d_ok("run", "-d", "--name", "runs", self.base, "sleep", "1000")
        self.d_ok("exec", "runs", "touch", "/while-it-runs")
        self.assertIn("A /while-it-runs", self.d_ok("diff", "runs"))
        self.d_ok("run", "--read-only", "--name", "ro", self.base, "true")
        self.assertEqual(self.d_ok("diff", "ro"), "")

    def test_commit_and_run(self):
        self.d_ok("run", "-d", "--name", "cc", "-e", "OWN=1", "--label", "a=b", self.base, "sh", "-c",
                  "echo kept >/kept; ln /kept /linked; rm /etc/group; mkdir /empty; dd if=/dev/zero of=/holes bs=1 count=1 seek=10000000 2>/dev/null; sleep 1000")
        wait_until(lambda: "/holes" in self.d_ok("diff", "cc"))
        time.sleep(0.1)
        said = self.d_ok("commit", "-m", "a comment", "-a", "me", "-c", 'CMD ["cat", "/kept"]', "-c", "ENV TWO=2", "cc", "committed:1")
        self.assertRegex(said, "^sha256:[0-9a-f]{64}\n$")
        self.assertEqual(json.loads(self.d_ok("inspect", "cc"))[0]["State"]["Status"], "running")
        image = self.image("committed:1")
        self.assertEqual(image["Id"], said.strip())
        self.assertIn("OWN=1", image["Config"]["Env"])
        self.assertIn("TWO=2", image["Config"]["Env"])
        self.assertEqual(image["Config"]["Labels"]["a"], "b")
        self.assertEqual(image["Author"], "me")
        self.assertEqual(image["Parent"], self.image(self.base)["Id"])
        self.assertEqual(self.image(self.base)["Parent"], "")
        parents = {one["Id"]: one["ParentId"] for one in self.daemon.api("GET", "/images/json")[1]}
        self.assertEqual(parents[image["Id"]], image["Parent"])
        self.assertIn("a comment", self.d_ok("history", "committed:1"))
        self.assertEqual(self.d_ok("run", "--rm", "committed:1"), "kept\n")
        self.assertEqual(self.d_ok("run", "--rm", "committed:1", "sh", "-c", "stat -c %h /kept; stat -c %s /holes; ls -d /empty; ls /etc/group 2>/dev/null || echo gone"),
                         "2\n10000001\n/empty\ngone\n")
        saved, base = self.file("committed.tar"), self.file("committed-base.tar")
        self.d_ok("save", "-o", saved, "committed:1")
        self.d_ok("save", "-o", base, self.base)
        self.assertLess(os.path.getsize(saved), os.path.getsize(base) + (1 << 20))  # ten million zeros
        other = self.empty_engine()
        self.d_ok("load", "-i", saved, daemon=other)
        self.assertEqual(self.d_ok("run", "--rm", "committed:1", daemon=other), "kept\n")
        self.d_ok("rm", "-f", "cc")
        self.d_ok("rmi", "committed:1")

    def test_one_that_ends_while_it_is_committed_is_committed(self):
        for _ in range(20):
            made = self.d_ok("create", self.base, "touch", "/made").strip()
            self.assertEqual(self.daemon.api("POST", f"/containers/{made}/start")[0], 204)
            status, said = self.daemon.api("POST", f"/commit?container={made}&repo=ending")
            self.assertEqual(status, 201, said)
            self.d_ok("rm", "-f", made)
        self.d_ok("image", "prune", "-f")
        self.d_ok("rmi", "ending")

    def test_commits_without_a_name_and_of_what_cannot_be(self):
        self.d_ok("create", "--name", "nn", self.base, "true")
        identity = self.d_ok("commit", "nn").strip()
        self.assertIn("<none>", self.d_ok("images", "-a"))
        self.d_ok("rmi", identity)
        self.d_ok("create", "--read-only", "--name", "ro", self.base, "true")
        identity = self.d_ok("commit", "ro").strip()
        self.assertEqual(self.image(identity)["RootFS"], self.image(self.base)["RootFS"])
        self.d_ok("rmi", identity)
        self.d_ok("create", "--storage-opt", "memory=8m", "--name", "mem", self.base, "true")
        self.assertIn("in memory", self.d("commit", "mem").stderr)
        self.assertIn("in memory", self.d("diff", "mem").stderr)
        self.assertIn("No such container", self.d("commit", "nobody").stderr)


class PasswordRegistry(RealRegistry):
    """docker-registry behind user u, password p: a proxy in front that asks for them."""

    def __init__(self, folder):
        super().__init__(folder)
        self._real = self.address
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        real, me = self._real, self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def _pass(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.headers.get("Authorization") != "Basic " + base64.b64encode(b"u:p").decode():
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="r"')
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                onward = http.client.HTTPConnection(real)
                headers = {name: value for name, value in self.headers.items() if name not in ("Expect", "Authorization")}
                onward.request(self.command, self.path, body, headers)
                answer = onward.getresponse()
                content = answer.read()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                        self.send_header(name, value)
                self.send_header("Content-Length", answer.getheader("Content-Length") or str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = _pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
        server.socket = self._listener
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # TLS is tried first, and given up
        me._server = server
        server.serve_forever(poll_interval=0.05)

    def close(self):
        self._server.shutdown()
        self._listener.close()
        super().close()
