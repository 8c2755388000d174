"""pull, images, rmi; registries that lie; several pulls of one image."""
import os

from harness import Case, ScriptedRegistry, images, wait_until


class Images(Case):
    def layers(self):
        return sorted(os.listdir(f"{self.daemon.root}/layers"))

    def serve(self, name="image", image=None, **options):
        registry = ScriptedRegistry({name: image or images.bulky_image(2, 1 << 16)}, **options)
        self.addCleanup(registry.close)
        return registry, f"{registry.address}/{name}:latest"

    def test_pull_says_what_it_does_and_again_is_up_to_date(self):
        _, name = self.serve(image=images.bulky_image(2, 1 << 16, "gzip"))  # the first is the base image's
        said = self.ok("pull", name)
        self.assertEqual((said.count("Already exists"), said.count("Pull complete")), (1, 2), said)
        self.assertIn("Downloaded newer image", said)
        self.assertTrue(said.startswith("latest: Pulling from image\n"), said)
        again = self.ok("pull", name).splitlines()
        self.assertEqual([line.split(":")[0] for line in again[:-1]], ["latest", "Digest", "Status"], again)
        self.assertIn("Image is up to date", again[2])
        self.assertIn("/image", self.ok("images"))
        self.ok("rmi", name)

    def test_a_registry_is_asked_without_a_pull(self):
        registry, name = self.serve()
        asked = lambda image: self.daemon.api("GET", f"/v1.47/distribution/{image}/json")
        status, said = asked(name)
        self.assertEqual(status, 200, said)
        self.assertRegex(said["Descriptor"]["digest"], "^sha256:[0-9a-f]{64}$")
        self.assertGreater(said["Descriptor"]["size"], 100)
        self.assertEqual(said["Platforms"], [{"architecture": images.ARCHITECTURE, "os": "linux"}])
        self.assertFalse([path for path, _ in registry.requests if "/blobs/" in path][1:], "more than its config was asked for")
        self.assertEqual(asked(f"{registry.address}/image@{said['Descriptor']['digest']}")[0], 200)
        self.assertEqual(asked(f"{registry.address}/nothing:1")[0], 404)
        self.assertEqual(asked("BAD")[0], 400)

    def test_an_image_in_use_is_kept(self):
        self.ok("pull", "-q", self.session.entry)
        self.ok("create", "--name", "user", self.session.entry)
        self.refused("is using", "rmi", self.session.entry)
        self.ok("rm", "user")
        said = self.ok("rmi", self.session.entry)
        self.assertIn("Untagged", said)
        self.assertIn("Deleted", said)
        self.refused("", "inspect", self.session.entry)

    def test_rmi_leaves_no_layer_and_no_blob(self):
        layers, blobs = self.layers(), sorted(os.listdir(f"{self.daemon.root}/blobs/sha256"))
        _, name = self.serve()
        self.ok("pull", "-q", name)
        self.assertNotEqual(self.layers(), layers)
        self.ok("rmi", name)
        wait_until(lambda: self.layers() == layers, what="the layers' folders to go")
        self.assertEqual(sorted(os.listdir(f"{self.daemon.root}/blobs/sha256")), blobs)

    def test_one_pull_however_many_ask(self):
        registry, name = self.serve(rate=1 << 19, image=images.bulky_image(2, 1 << 18))
        clients = [self.daemon.begin("pull", "-q", name) for _ in range(8)]
        for client in clients:
            self.assertEqual(client.wait(60), 0, client.communicate())
            client.communicate()
        blobs = [path for path, _ in registry.requests if "/blobs/" in path]
        self.assertEqual(len(blobs), len(set(blobs)), "a blob was downloaded twice")
        self.ok("rmi", name)

    def test_a_layer_that_is_there_is_not_downloaded(self):

        first, second = images.Image([images.busybox()], "none"), images.Image([images.busybox(), images.Layer().file("x", "y")], "none")
        registry, name = self.serve(image=first)
        registry.images["more"] = second
        self.ok("pull", "-q", name)
        registry.requests.clear()
        self.ok("pull", "-q", f"{registry.address}/more:latest")
        self.assertNotIn(first.layers[0]["digest"], str(registry.requests))
        self.ok("rmi", name, f"{registry.address}/more:latest")

    def test_wrong_bytes_are_refused(self):
        wrong = lambda path, data: b"x" * len(data) if "/blobs/" in path else data
        _, name = self.serve(change=wrong)
        said = self.refused("sha256:", "pull", name)
        self.assertIn("the registry or a proxy changed them", said)
        self.refused("", "inspect", name)

    def test_a_truncated_body_is_refused(self):
        short = lambda path, data: data[:len(data) // 2] if "/blobs/" in path and len(data) > 4096 else data
        _, name = self.serve(change=short)
        self.refused("", "pull", name)

    def test_a_wrong_manifest_is_refused(self):
        for body in (b"", b"{", b"[]", b'{"schemaVersion":1}', b"x" * (5 << 20),
                     b'{"schemaVersion":2,"config":{},"layers":[],"manifests":[]}'):
            _, name = self.serve(change=lambda path, data, body=body: body if "/manifests/" in path else data)
            self.refused("", "pull", name)
        self.assertEqual(self.daemon.api("GET", "/_ping")[0], 200)

    def test_a_hostile_layer_stays_inside_its_folder(self):
        outside = f"{self.session.folder}/outside"
        layers = [images.Layer().symlink("link", self.session.folder).file("link/outside", "x"),
                  images.Layer().file("../" * 12 + outside.lstrip("/"), "x"), images.Layer().file(outside, "x"),
                  images.Layer().hardlink("hard", "/etc/passwd")]
        for layer in layers:
            _, name = self.serve(image=images.Image([images.busybox(), layer], "gzip"))
            self.gantry("pull", name)
            self.gantry("rmi", name)
            self.assertFalse(os.path.exists(outside))

    def test_what_is_not_there_says_so(self):
        self.refused("manifest unknown", "pull", f"{self.session.registry.address}/absent:none")
        self.refused("", "pull", "127.0.0.1:1/nobody/listens:here")
        self.refused("", "rmi", "no-such-image")
        self.refused("", "pull", "UPPER/case")

    def test_a_pull_nobody_waits_for_stops(self):
        registry, name = self.serve(rate=1 << 16, image=images.bulky_image(3, 4 << 20))
        client = self.daemon.begin("pull", name)
        wait_until(lambda: any("/blobs/" in path for path, _ in registry.requests), what="the download to begin")
        client.kill()
        client.communicate()
        wait_until(lambda: self.daemon.api("GET", "/gantry/activity")[1]["operations"] == 0, 20, "the pull to stop")
