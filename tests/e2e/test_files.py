"""What a container's file system holds: layers, the writable layer, binds, volumes, tmpfs."""
import os
import tempfile

from harness import Case, images, wait_until


class Files(Case):
    def shell(self, script, *options):
        return self.run_ok(*options, "--", "sh", "-c", script)

    def test_layers_lie_on_each_other_by_the_specification(self):
        self.assertEqual(self.shell("ls /data /data/opaque").split(), [
            "/data:", "becomes-folder", "first-name", "kept", "opaque", "second-name", "setuid", "was-folder", "/data/opaque:", "new"])
        self.assertEqual(self.shell("cat /data/kept /data/was-folder /data/becomes-folder/inside"), "kept\nfile\nfolder\n")
        self.assertEqual(self.shell("stat -c '%h %i' /data/first-name"), self.shell("stat -c '%h %i' /data/second-name"))
        self.assertEqual(self.shell("stat -c '%a %u %g' /data/setuid").strip(), "4755 1000 1000")
        self.assertEqual(self.shell("stat -c %Y /data/kept").strip(), "1700000000")

    def test_containers_do_not_see_each_other_s_writes(self):
        self.ok("run", "--name", "writer", self.base, "sh", "-c", "echo mine > /data/kept; rm -f /data/first-name")
        self.assertEqual(self.shell("cat /data/kept; ls /data/first-name"), "kept\n/data/first-name\n")
        self.assertEqual(self.ok("start", "-a", "writer"), "")

    def test_a_write_stays_until_rm(self):
        self.ok("create", "--name", "counter", self.base, "sh", "-c", "echo x >> /count; wc -l < /count")
        self.assertEqual([self.ok("start", "-a", "counter").strip() for _ in range(3)], ["1", "2", "3"])

    def test_a_read_only_root_with_places_to_write(self):
        done = self.gantry("run", "--rm", "--read-only", self.base, "sh", "-c", "echo x > /file")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Read-only", done.stderr)
        self.assertEqual(self.shell("echo x > /tmp/file && cat /tmp/file; mount | grep -c ' /tmp '", "--read-only", "--tmpfs",
                                    "/tmp:size=1m"), "x\n1\n")

    def test_binds(self):
        with tempfile.TemporaryDirectory(dir=self.session.folder) as folder:
            with open(f"{folder}/in", "w") as file:
                file.write("from the host\n")
            self.assertEqual(self.shell("cat /mnt/in; echo back > /mnt/out", "-v", f"{folder}:/mnt"), "from the host\n")
            self.assertEqual(open(f"{folder}/out").read(), "back\n")
            done = self.gantry("run", "--rm", "-v", f"{folder}:/mnt:ro", self.base, "touch", "/mnt/no")
            self.assertIn("Read-only", done.stderr)
            self.assertEqual(self.shell("cat /a", "--mount", f"type=bind,source={folder}/in,target=/a,readonly"), "from the host\n")
        self.refused("no/such", "run", "--rm", "--mount", "type=bind,source=/no/such,target=/x", self.base, "true", code=125)

    def test_volumes_outlive_containers_and_begin_with_the_image_s_content(self):
        self.assertIn("kept", self.shell("ls /data; echo new > /data/added", "-v", "named:/data"))
        self.assertEqual(self.shell("cat /v/added", "-v", "named:/v"), "new\n")
        self.assertIn("named", self.ok("volume", "ls", "-q"))
        self.ok("run", "-d", "--name", "user", "-v", "named:/v", self.base, "sleep", "100")
        self.refused("use", "volume", "rm", "named")
        self.ok("rm", "-f", "user")
        self.ok("volume", "rm", "named")
        self.assertEqual(self.ok("volume", "ls", "-q"), "")

    def test_anonymous_volumes_go_with_rm(self):
        self.run_ok("-v", "/anonymous", "--", "touch", "/anonymous/x")
        self.assertEqual(self.ok("volume", "ls", "-q"), "")

    def test_rm_leaves_nothing_in_the_store(self):
        snapshots = f"{self.daemon.root}/snapshots"
        before = sorted(os.listdir(snapshots))
        self.ok("run", "--name", "gone", self.base, "sh", "-c", "echo x > /x")
        self.assertNotEqual(sorted(os.listdir(snapshots)), before)
        self.ok("rm", "gone")
        left = [n for n in os.listdir(snapshots) if n not in before and os.path.exists(f"{snapshots}/{n}/upper/x")]
        self.assertEqual(left, [])

    def writable_layers(self):
        """Those of containers; what was removed lies there under another name until it is deleted."""
        return sorted((name for name in os.listdir(f"{self.daemon.root}/snapshots") if name.isdigit()), key=int)

    def test_a_silent_container_leaves_its_writable_layer_empty(self):
        self.ok("run", "--name", "silent", self.base, "true")
        snapshots = self.writable_layers()
        newest = max(snapshots, key=int)
        self.assertEqual(os.listdir(f"{self.daemon.root}/snapshots/{newest}/upper"), [])
        inspected = self.daemon.inspect("silent")
        self.assertFalse(os.path.exists(inspected["LogPath"]))
        self.assertEqual(self.ok("logs", "silent"), "")

    def test_a_writable_layer_in_memory(self):
        snapshots = self.writable_layers()
        self.ok("create", "--name", "light", "--storage-opt", "memory=4m", self.base, "sh", "-c",
                "wc -l < /count; echo x >> /count; stat -c '%a %u' /; head -c 9000000 /dev/zero > /big || echo full")
        first, again = (self.gantry("start", "-a", "light") for _ in range(2))
        self.assertIn("full", first.stdout)
        self.assertIn("755 0", first.stdout)
        self.assertEqual(first.stdout, again.stdout)  # each run begins anew
        self.assertEqual(self.writable_layers(), snapshots)
        self.assertEqual(self.daemon.inspect("light")["HostConfig"]["StorageOpt"], {"memory": str(4 << 20)})
        self.ok("run", "-d", "--name", "running", "--storage-opt", "memory=4m", self.base, "sh", "-c",
                "echo here > /etc/new; echo ready; sleep 100")
        wait_until(lambda: "ready" in self.ok("logs", "running"))
        self.assertEqual(self.ok("exec", "running", "cat", "/etc/new"), "here\n")
        self.ok("exec", "running", "sh", "-c", "echo made:x:4242:4243::/:/bin/sh >> /etc/passwd; echo more:x:4244:made >> /etc/group")
        self.assertEqual(self.ok("exec", "-u", "made", "running", "id", "-G"), "4243 4244\n")
        self.assertEqual(self.ok("exec", "-u", "made:more", "running", "sh", "-c", "echo $(id -u) $(id -g)"), "4242 4244\n")
        unknown = self.gantry("exec", "-u", "nobody-here", "running", "true")
        self.assertEqual(unknown.returncode, 126)
        self.assertIn("unable to find user nobody-here", unknown.stdout)  # said on the session's stream, as by dockerd
        self.ok("rm", "-f", "running")
        self.refused("memory=SIZE", "create", "--storage-opt", "size=4m", self.base)
        daemon = self.session.daemon(writable_memory=4).start()
        daemon.ok("pull", "-q", self.base)
        self.assertIn("full", daemon.ok("run", "--rm", self.base, "sh", "-c", "head -c 9000000 /dev/zero > /big || echo full"))
        self.assertNotIn("full", daemon.ok("run", "--rm", "--storage-opt", "memory=0", self.base, "sh", "-c",
                                           "head -c 9000000 /dev/zero > /big || echo full"))
        daemon.close()

    def test_store_folders_are_closed_to_others(self):
        self.assertEqual(os.stat(self.daemon.root).st_mode & 0o777, 0o700)

    def test_an_image_of_125_layers(self):
        many = images.Image([images.busybox()] + [images.Layer().file(f"n/{n}", f"{n}\n") for n in range(124)], "none")
        name = self.session.push("many:layers", many)
        self.ok("pull", "-q", name)
        self.assertEqual(self.ok("run", "--rm", name, "sh", "-c", "ls /n | wc -l; cat /n/0 /n/123").split(), ["124", "0", "123"])
