"""Images mounted in containers of other images, by the Docker Engine API and by the CRI."""
import base64
import os

import cri_client
from cri_case import PodCase
from harness import RUNTIME, Case, Session, images

PATHS = "for f in $(find /image -type f | sort); do echo $f $(cat $f); done"


def data_image():
    """Three layers: what later ones do to earlier ones must be seen, and files that want to be run."""
    first = images.Layer().folder("models").file("models/a", "old").file("models/gone", "x").folder("models/deep")
    first.file("models/deep/x", "deep").file("secret", "not in models").file("run", "#!/bin/sh\necho ran\n", 0o755)
    second = images.Layer().file("models/a", "new").file("models/.wh.gone").symlink("way", "/models/deep")
    third = images.Layer().file("models/deep/y", "upper", 0o4755, 1000, 1000).symlink("out", "../../../../etc/passwd")
    return images.Image([first, second, third], Cmd=["/run"])


def single_image():
    return images.Image([images.Layer().folder("d").file("d/only", "one layer")])


def many_layers(count=60):
    return images.Image([images.busybox()] + [images.Layer().file(f"l/{n:03}", str(n)) for n in range(count)])


WHOLE = ["/image/models/a new", "/image/models/deep/x deep", "/image/models/deep/y upper", "/image/run #!/bin/sh echo ran",
         "/image/secret not in models"]


class ImageMounts(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data = cls.session.push("data:1", data_image())
        cls.single = cls.session.push("single:1", single_image())

    def setUp(self):
        for name in (self.data, self.single):
            self.ok("pull", "-q", name)

    def mount(self, name=None, sub_path=None, target="/image"):
        return f"type=image,src={name or self.data},dst={target}" + (f",image-subpath={sub_path}" if sub_path else "")

    def seen(self, *arguments, **options):
        return self.run_ok("--mount", self.mount(*arguments, **options), "--", "sh", "-c", PATHS).splitlines()

    def test_the_whole_image_is_there_as_its_layers_make_it(self):
        self.assertEqual(self.seen(), WHOLE)
        self.assertEqual(self.seen(self.single), ["/image/d/only one layer"])

    def test_a_part_of_it(self):
        models = ["/image/a new", "/image/deep/x deep", "/image/deep/y upper"]
        self.assertEqual(self.seen(sub_path="models"), models)
        self.assertEqual(self.seen(sub_path="./models/"), models)
        self.assertEqual(self.seen(sub_path="way"), ["/image/x deep", "/image/y upper"])  # an absolute symlink, within the image
        self.assertEqual(self.run_ok("--mount", self.mount(sub_path="models/a"), "--", "cat", "/image"), "new")
        self.assertEqual(self.seen(self.single, "d"), ["/image/only one layer"])

    def test_a_part_that_is_not_there_or_leads_out_is_refused(self):
        for path in ("none", "models/gone", "out"):
            self.refused(path, "create", "--mount", self.mount(sub_path=path), self.base)
        self.refused("Subpath", "create", "--mount", self.mount(sub_path="../etc"), self.base)
        self.assertEqual(self.daemon.ids(), set())

    def test_nothing_of_it_can_be_changed_or_gives_rights(self):
        said = self.run_ok("--mount", self.mount(), "--", "sh", "-c",
                           "for c in 'touch /image/x' 'rm /image/secret' 'mount -o remount,rw /image'; do $c 2>/dev/null && echo $c; done;"
                           "grep ' /image ' /proc/self/mounts; /image/run")
        self.assertNotIn("touch", said)
        self.assertNotIn("rm ", said)
        options = said.splitlines()[0].split()[3].split(",")
        for option in ("ro", "nosuid", "nodev"):
            self.assertIn(option, options)
        self.assertIn("ran", said)  # Docker's run programs; a pod's do not

    def test_a_missing_image_says_to_pull(self):
        said = self.refused("pull it first", "create", "--mount", self.mount("no.such/image:1"), self.base)
        self.assertIn("no.such/image:1", said)
        self.assertEqual(self.daemon.ids(), set())

    def test_it_stays_while_it_is_used(self):
        self.ok("create", "--name", "user", "--mount", self.mount(), self.base, "sh", "-c", PATHS)
        self.refused("using its referenced image", "rmi", self.data)
        _, pruned = self.daemon.api("POST", '/v1.47/images/prune?filters={"dangling":{"false":true}}')
        self.assertEqual(self.ok("images", "-q", self.data) != "", True, pruned)
        self.daemon.kill9()
        self.daemon.start()
        self.refused("using its referenced image", "rmi", self.data)
        self.ok("rmi", "-f", self.data)  # its name goes, its layers do not
        self.assertEqual(self.ok("start", "-a", "user").splitlines(), WHOLE)
        self.ok("rm", "user")
        self.ok("pull", "-q", self.data)
        self.ok("rmi", self.data)

    def test_one_that_runs_goes_on_without_the_engine(self):
        self.ok("run", "-d", "--name", "runs", "--mount", self.mount(), self.base, "sleep", "1000")
        self.daemon.kill9()
        self.daemon.start()
        self.assertEqual(self.ok("exec", "runs", "sh", "-c", PATHS).splitlines(), WHOLE)
        self.refused("using its referenced image", "rmi", self.data)
        self.ok("restart", "-t", "0", "runs")
        self.assertEqual(self.ok("exec", "runs", "sh", "-c", PATHS).splitlines(), WHOLE)

    def test_inspect_copies_and_volumes_from(self):
        self.ok("run", "-d", "--name", "runs", "--mount", self.mount(sub_path="models"), self.base, "sleep", "1000")
        shown = self.daemon.inspect("runs")
        self.assertEqual([(each["Type"], each["Source"], each["Destination"], each["RW"]) for each in shown["Mounts"]],
                         [("image", self.data, "/image", False)])
        self.assertEqual(shown["HostConfig"]["Mounts"], [{"Type": "image", "Source": self.data, "Target": "/image",
                                                          "ReadOnly": True, "ImageOptions": {"Subpath": "models"}}])
        into = f"{self.daemon.folder}/copied"
        self.ok("cp", "runs:/image/deep", into)
        self.assertEqual(sorted(os.listdir(into)), ["x", "y"])
        self.ok("cp", "runs:/image/a", f"{into}/a")
        with open(f"{into}/a") as file:
            self.assertEqual(file.read(), "new")
        self.refused("read-only", "cp", f"{into}/a", "runs:/image/b")
        self.assertEqual(self.run_ok("--volumes-from", "runs", "--", "cat", "/image/a"), "new")

    def test_who_makes_a_container_with_an_image(self):
        self.ok("run", "--name", "made", "--mount", self.mount(), self.base, "true")
        self.assertEqual(os.path.basename(self.daemon.inspect("made")["Launcher"]), RUNTIME or "native")

    def test_an_image_of_many_layers(self):
        name = self.session.push("many:1", many_layers())
        self.ok("pull", "-q", name)
        self.ok("run", "--name", "many", "--mount", self.mount(name), self.base, "sh", "-c", "ls /image/l | wc -l; cat /image/l/059")
        self.assertEqual(self.ok("logs", "many"), "60\n59")
        self.assertEqual(os.path.basename(self.daemon.inspect("many")["Launcher"]), RUNTIME or "native")


class ImageVolumes(PodCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data = Session.current.push("data:2", data_image())

    def setUp(self):
        super().setUp()
        self.reference = self.pull(self.data)

    def volume(self, **more):
        return {"container_path": "/image", "readonly": True, "image": {"image": self.reference}, **more}

    def test_the_whole_image_and_a_part_of_it(self):
        pod = self.pod()
        for name, sub_path, expected in (("whole", "", WHOLE), ("part", "models/deep", ["/image/x deep", "/image/y upper"])):
            made = self.started(pod, "sh", "-c", PATHS + "; /image/run || echo not run; touch /image/x || echo read-only", name=name,
                                mounts=[self.volume(image_sub_path=sub_path)])
            self.exited(made)
            said = [line for stream, _, line in self.said(made) if stream == "stdout"]
            self.assertEqual(said, [*"\n".join(expected).splitlines(), "not run", "read-only"])
            shown = self.status(made)["mounts"]
            self.assertEqual([(each["container_path"], each["image"]["image"], each.get("image_sub_path", ""), each["readonly"])
                              for each in shown], [("/image", self.reference, sub_path, True)])

    def test_one_that_runs_goes_on_without_the_engine_and_its_image(self):
        made = self.started(self.pod(), "sleep", "1000", mounts=[self.volume()])
        self.daemon.kill9()
        self.daemon.start()
        self.cri("RemoveImage", {"image": {"image": self.reference}})  # which the CRI does not refuse
        shown = self.exec(made, "cat", "/image/models/deep/y")
        self.assertEqual(base64.b64decode(shown["stdout"]), b"upper")
        folders = os.listdir(f"{self.daemon.root}/layers")
        self.cri("RemoveContainer", {"container_id": made})
        self.pull(self.data)
        self.cri("RemoveImage", {"image": {"image": self.data}})
        self.assertLess(len(os.listdir(f"{self.daemon.root}/layers")), len(folders))  # with who used them, they go

    def test_what_cannot_be_is_refused(self):
        pod = self.pod()
        for mount, word in ((self.volume(image={"image": "no.such/image:1"}), "pull it first"),
                            (self.volume(image_sub_path="none"), "none"), (self.volume(image_sub_path="out"), "out"),
                            (self.volume(image_sub_path="/models"), "image_sub_path"), (self.volume(host_path="/tmp"), "host_path")):
            config = {"metadata": {"name": "x"}, "image": {"image": self.base}, "command": ["true"], "mounts": [mount]}
            self.refused(cri_client.INVALID_ARGUMENT, "CreateContainer", {"pod_sandbox_id": pod, "config": config}, word)
        self.assertEqual(self.cri("ListContainers"), {})
