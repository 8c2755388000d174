"""The Kubernetes CRI: what a kubelet asks, over gRPC, of a real daemon."""
import os
import stat

import cri_client
from cri_case import Cri
from harness import ScriptedRegistry, images, wait_until


class Runtime(Cri):
    def test_the_socket_is_for_root_and_its_group(self):
        self.assertEqual(stat.S_IMODE(os.stat(self.socket).st_mode), 0o660)

    def test_it_says_who_it_is(self):
        version = self.cri("Version")
        self.assertEqual((version["runtime_name"], version["runtime_api_version"]), ("gantry", "v1"))

    def test_status_names_conditions_and_handlers(self):
        status = self.cri("Status", {"verbose": True})
        conditions = {each["type"]: each for each in status["status"]["conditions"]}
        self.assertTrue(conditions["RuntimeReady"]["status"])
        self.assertIn("NetworkReady", conditions)
        names = [each.get("name", "") for each in status["runtime_handlers"]]
        self.assertEqual(names[0], "")
        self.assertIn("runc", names)
        self.assertIn("root", status["info"]["config"])

    def test_cgroups_are_the_cgroupfs_drivers(self):
        self.assertEqual(self.cri("RuntimeConfig")["linux"]["cgroup_driver"], "CGROUPFS")
        self.assertEqual(self.cri("UpdateRuntimeConfig", {"runtime_config": {"network_config": {"pod_cidr": "10.1.0.0/16"}}}), {})

    def test_what_is_not_supported_is_refused_by_name(self):
        self.refused(cri_client.UNIMPLEMENTED, "CheckpointContainer", {"container_id": "x"}, "checkpoints")


class Images(Cri):
    def status(self, name, **more):
        return self.cri("ImageStatus", {"image": {"image": name}, **more}).get("image")

    def remove(self, name):
        self.cri("RemoveImage", {"image": {"image": name}})

    def serve(self, *names, **options):
        registry = ScriptedRegistry({name: images.bulky_image(2, 1 << 16) for name in names}, **options)
        self.addCleanup(registry.close)
        return registry

    def test_an_image_pulled_is_found_by_tag_digest_and_id_and_listed(self):
        name = f"{self.serve('image').address}/image:latest"
        identity = self.pull(name)
        found = self.status(name)
        self.assertEqual(found["id"], identity)
        self.assertEqual(found["repo_tags"], [name])
        self.assertEqual(len(found["repo_digests"]), 1)
        self.assertGreater(int(found["size"]), 0)
        for other in (identity, found["repo_digests"][0]):
            self.assertEqual(self.status(other)["id"], identity)
        self.assertIn(identity, [each["id"] for each in self.cri("ListImages")["images"]])
        self.assertEqual([each["id"] for each in self.cri("ListImages", {"filter": {"image": {"image": name}}})["images"]], [identity])
        streamed = [each for message in self.cri.all("StreamImages") for each in message["images"]]
        self.assertIn(identity, [each["id"] for each in streamed])
        self.remove(name)

    def test_a_pull_by_digest_gives_the_same_image_without_a_tag(self):
        registry = self.serve("image")
        identity = self.pull(f"{registry.address}/image:latest")
        digest = self.status(identity)["repo_digests"][0]
        self.remove(identity)
        self.assertEqual(self.pull(digest), identity)
        found = self.status(digest)
        self.assertEqual((found.get("repo_tags", []), found["repo_digests"]), ([], [digest]))
        self.remove(digest)

    def test_one_image_has_all_its_names_and_goes_with_all_of_them(self):
        registry = self.serve("one")
        registry.images["two"] = registry.images["one"]
        names = sorted(f"{registry.address}/{each}:latest" for each in ("one", "two"))
        identity = {self.pull(each) for each in names}
        self.assertEqual(len(identity), 1)
        self.assertEqual(sorted(self.status(names[0])["repo_tags"]), names)
        self.remove(names[0])
        self.assertIsNone(self.status(names[1]))
        self.remove(names[0])

    def test_an_image_that_is_not_there_is_an_empty_answer(self):
        self.assertIsNone(self.status("127.0.0.1:1/no/such:image"))
        self.assertEqual(self.cri("ListImages", {"filter": {"image": {"image": "127.0.0.1:1/no/such:image"}}}), {})
        self.refused(cri_client.NOT_FOUND, "PullImage", {"image": {"image": f"{self.session.registry.address}/no/such:image"}})
        self.refused(cri_client.INVALID_ARGUMENT, "PullImage", {"image": {"image": "some/UPPER"}})
        self.refused(cri_client.INVALID_ARGUMENT, "ImageStatus", {})

    def test_verbose_status_has_the_images_config(self):
        info = self.cri("ImageStatus", {"image": {"image": self.base}, "verbose": True})["info"]
        self.assertIn("rootfs", info["info"])

    def test_what_images_use_is_told(self):
        usage = self.cri("ImageFsInfo")["image_filesystems"][0]
        self.assertEqual(usage["fs_id"]["mountpoint"], self.daemon.root)
        self.assertGreater(int(usage["used_bytes"]["value"]), 0)

    def test_a_pull_nobody_waits_for_stops(self):
        registry = ScriptedRegistry({"slow": images.bulky_image(3, 4 << 20)}, rate=1 << 16)
        self.addCleanup(registry.close)
        client = self.cri.begin("PullImage", {"image": {"image": f"{registry.address}/slow:latest"}})
        wait_until(lambda: any("/blobs/" in path for path, _ in registry.requests), what="the download to begin")
        client.kill()
        client.communicate()
        wait_until(lambda: self.daemon.api("GET", "/gantry/activity")[1]["operations"] == 0, 20, "the pull to stop")

    def test_the_docker_door_sees_none_of_it(self):
        self.assertNotIn(self.base, self.daemon.ok("images"))


