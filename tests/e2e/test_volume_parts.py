"""Parts of volumes mounted in containers (--mount volume-subpath): found anew at each start, and never out of the volume."""
import os
import threading

from harness import Case


class VolumeParts(Case):
    def setUp(self):
        self.ok("volume", "create", "data")
        self.inside("mkdir -p sub/deep bin empty hack; echo world >sub/hello; echo foo >bar; ln -s ../sub hack/good;"
                    "ln -s / hack/root; ln -s root hack/bad; ln -s ../../../../etc hack/up")

    def tearDown(self):
        super().tearDown()
        self.ok("volume", "rm", "data")

    def inside(self, script):
        return self.run_ok("-v", "data:/all", "-w", "/all", "--", "sh", "-c", script)

    @staticmethod
    def part(path, target="/part", more=""):
        return f"type=volume,src=data,dst={target},volume-subpath={path}{more}"

    def test_a_folder_or_a_file_of_the_volume_is_mounted(self):
        show = ("--", "sh", "-c", "ls /part; cat /part/hello")
        for path in ("sub", "./sub/", "hack/good", "hack/../sub"):
            self.assertEqual(self.run_ok("--mount", self.part(path), *show), "deep\nhello\nworld\n")
        self.assertEqual(self.run_ok("--mount", self.part("bar"), "--", "cat", "/part"), "foo\n")
        self.run_ok("--mount", self.part("sub/deep"), "--", "sh", "-c", "echo new >/part/new")
        self.assertEqual(self.inside("cat sub/deep/new"), "new\n")
        refused = "echo x >/part/hello || echo refused"
        self.assertEqual(self.run_ok("--mount", self.part("sub", more=",readonly"), "--", "sh", "-c", refused), "refused\n")
        self.assertEqual(self.run_ok("--read-only", "--mount", self.part("sub"), "--mount", self.part("bar", "/bar"), "--",
                                     "cat", "/part/hello", "/bar"), "world\nfoo\n")

    def test_what_leads_out_or_is_not_there_fails_the_start(self):
        for path, why in (("none", "cannot access path"), ("sub/hello/x", "cannot access path"), ("hack/root", "escapes the base directory"),
                          ("hack/bad/etc", "escapes the base directory"), ("hack/up/passwd", "escapes the base directory")):
            self.ok("create", "--name", "part", "--mount", self.part(path), self.base, "true")
            self.refused(why, "start", "part")
            self.ok("rm", "part")
        for path in ("../data", "/etc", "sub/../.."):
            self.refused("subpath must be a relative path within the volume", "create", "--mount", self.part(path), self.base)
        self.refused("anonymous", "create", "--mount", "dst=/part,volume-subpath=sub", self.base)

    def test_it_is_looked_for_at_each_start(self):
        self.ok("create", "--name", "part", "--mount", self.part("late"), self.base, "cat", "/part/x")
        self.refused("cannot access path", "start", "part")
        self.inside("mkdir late; echo there >late/x")
        self.assertEqual(self.ok("start", "-a", "part"), "there\n")

    def test_inspect_shows_the_part_and_others_inherit_it(self):
        self.ok("create", "--name", "part", "--mount", self.part("sub"), self.base)
        shown = self.daemon.inspect("part")
        self.assertEqual(shown["HostConfig"]["Mounts"][0]["VolumeOptions"]["Subpath"], "sub")
        (mount,) = shown["Mounts"]
        self.assertEqual((mount["Name"], mount["Destination"]), ("data", "/part"))
        self.assertTrue(mount["Source"].endswith("/volumes/data/_data"))
        self.assertEqual(self.run_ok("--volumes-from", "part", "--", "cat", "/part/hello"), "world\n")

    def test_an_empty_part_is_filled_from_the_image(self):
        self.run_ok("--mount", self.part("empty", "/etc"), "--", "test", "-f", "/etc/passwd")
        self.run_ok("--mount", self.part("sub", "/etc"), "--", "test", "!", "-e", "/etc/passwd")
        self.assertEqual(self.inside("test -f empty/passwd && ls"), "bar\nbin\nempty\nhack\nsub\n")

    def test_files_are_copied_in_and_out_of_the_part(self):
        self.ok("create", "--name", "part", "--mount", self.part("sub"), self.base)
        self.ok("cp", "part:/part/hello", f"{self.daemon.folder}/out")
        with open(f"{self.daemon.folder}/out") as file:
            self.assertEqual(file.read(), "world\n")
        self.ok("cp", f"{self.daemon.folder}/out", "part:/part/back")
        self.assertEqual(self.inside("cat sub/back"), "world\n")

    def test_who_swaps_the_part_for_a_link_wins_nothing(self):
        """A container that has the whole volume puts a link to the host's root in the part's place, again and again."""
        self.inside("mkdir turn; echo volume >turn/which; ln -s / link")
        secret = f"{self.daemon.folder}/which"
        with open(secret, "w") as file:
            file.write("host\n")
        data = f"{self.daemon.root}/volumes/data/_data"
        stop = threading.Event()

        def swap():
            while not stop.is_set():
                for first, second in (("turn", "kept"), ("link", "turn"), ("turn", "link"), ("kept", "turn")):
                    os.rename(f"{data}/{first}", f"{data}/{second}")

        swapper = threading.Thread(target=swap)
        swapper.start()
        try:
            said = set()
            for _ in range(12):
                done = self.gantry("run", "--rm", "--mount", self.part("turn"), self.base, "sh", "-c",
                                   f"cat /part/which; cat /part{secret} && echo out")
                self.assertNotIn("out", done.stdout)
                self.assertNotIn("host", done.stdout)
                said.add(done.stdout)
            self.assertLessEqual(said, {"volume\n", ""})
            self.assertTrue(swapper.is_alive())
        finally:
            stop.set()
            swapper.join()
