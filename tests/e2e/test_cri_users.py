"""Pods with users of their own (hostUsers: false), over the Kubernetes CRI: who owns what, inside and on the host."""
import base64
import os
import socket
import struct
import subprocess
import urllib.parse
import zlib

import cri_client
from cri_case import OwnNetwork, PodCase, upgraded
from harness import RUNTIME, Session, images, wait_until

FIRST, COUNT = 200000, 65536
RANGE = [{"host_id": FIRST, "length": COUNT}]


def map_line(text):
    return text.split()


class Users(OwnNetwork, PodCase):
    bridge, subnet = f"gu{os.getpid() % 100000}", "10.214.10"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        layer = images.Layer().folder("owned", 0o755, 1000, 1001).file("owned/file", "of 1000\n", 0o640, 1000, 1001)
        cls.owned = Session.current.push("owned:1", images.Image([images.busybox(), layer]))
        cls.pull(cls.owned)

    def handlers(self):
        return {each.get("name", ""): each["features"].get("user_namespaces", False)
                for each in self.cri("Status")["runtime_handlers"]}

    def users(self, uids=None, gids=None, mode="POD"):
        return {"mode": mode, "uids": RANGE if uids is None else uids, "gids": RANGE if gids is None else gids}

    def mapped_config(self, users=None, **options):
        namespaces = {"network": "POD", "pid": "CONTAINER", "userns_options": users or self.users(), **options}
        return self.config(linux={"security_context": {"namespace_options": namespaces, "privileged": True}})

    def mapped_pod(self, **options):
        if not self.handlers()[""]:
            self.skipTest("the default runtime joins no users")
        return self.pod(self.mapped_config(**options))

    def output(self, container, *command):
        done = self.exec(container, *command)
        self.assertEqual(done.get("exit_code", 0), 0, done)
        return base64.b64decode(done.get("stdout", "")).decode()


    def folder_of(self, name):
        path = f"{self.daemon.folder}/{name}"
        os.makedirs(path, exist_ok=True)
        return path

    def mapped_mount(self, host, at, **more):
        return {"host_path": host, "container_path": at, "uidMappings": RANGE, "gidMappings": RANGE, **more}

    # ---- what is said and refused

    def test_status_says_which_handlers_have_them(self):
        can = self.handlers()
        self.assertTrue(can["native"])
        self.assertTrue(can["runc"])
        self.assertTrue(can[""] or RUNTIME == "crun")

    def test_a_handler_that_cannot_is_named(self):
        for name in [name for name, can in self.handlers().items() if name and not can]:
            self.refused(cri_client.INVALID_ARGUMENT, "RunPodSandbox",
                         {"config": self.mapped_config(), "runtime_handler": name}, f'the handler "{name}"')

    def test_maps_that_cannot_be_are_refused_by_the_fields_name(self):
        two = [{"host_id": FIRST, "length": 10}, {"container_id": 10, "host_id": FIRST + 10, "length": 10}]
        for uids, gids, word in ((two, RANGE, "uids"), (RANGE, two, "gids"), ([], RANGE, "uids"), (RANGE, [], "gids"),
                                 (RANGE, [{"host_id": 1}], "gids"),
                                 ([{"container_id": 1, "host_id": FIRST, "length": 9}], RANGE, "container_id")):
            self.refused(cri_client.INVALID_ARGUMENT, "RunPodSandbox",
                         {"config": self.mapped_config(self.users(uids, gids))}, word)
        self.refused(cri_client.INVALID_ARGUMENT, "RunPodSandbox",
                     {"config": self.mapped_config(self.users(mode="NODE"))}, "userns_options.uids")
        for namespace in ("network", "ipc", "pid"):
            self.refused(cri_client.INVALID_ARGUMENT, "RunPodSandbox",
                         {"config": self.mapped_config(**{namespace: "NODE"})}, namespace)

    def test_a_containers_users_are_its_pods(self):
        def asked(users):
            return {"security_context": {"namespace_options": {"pid": "CONTAINER", "userns_options": users}}}
        pod = self.mapped_pod()
        with self.assertRaises(cri_client.Refused) as got:
            self.container(pod, "true", linux=asked({"mode": "NODE"}))
        self.assertEqual(got.exception.code, cri_client.INVALID_ARGUMENT)
        self.started(pod, "true", linux=asked(self.users()))

    # ---- the node's

    def test_the_nodes_users(self):
        made = self.started(self.mapped_pod(userns_options={"mode": "NODE"}), "sleep", "1000")
        with open("/proc/self/uid_map") as host:
            self.assertEqual(map_line(self.output(made, "cat", "/proc/self/uid_map")), map_line(host.read()))

    # ---- the pod's own

    def test_the_maps_are_the_pods_inside_and_on_the_host(self):
        pod = self.mapped_pod()
        shown = self.cri("PodSandboxStatus", {"pod_sandbox_id": pod})["status"]["linux"]["namespaces"]["options"]
        self.assertEqual(shown["userns_options"]["uids"], RANGE)
        first, second = (self.started(pod, "sleep", "1000", name=name) for name in ("a", "b"))
        for which in ("uid_map", "gid_map"):
            self.assertEqual(map_line(self.output(first, "cat", f"/proc/self/{which}")), ["0", str(FIRST), str(COUNT)])
        with open(f"/proc/{self.pid(first)}/status") as status:
            self.assertIn(f"Uid:\t{FIRST}\t", status.read())
        spaces = [os.readlink(f"/proc/{pid}/ns/user") for pid in (self.pid(first), self.pid(second), "self")]
        self.assertEqual(spaces[0], spaces[1])
        self.assertNotEqual(spaces[0], spaces[2])
        for kind in ("net", "ipc", "uts"):
            self.assertEqual(*(os.readlink(f"/proc/{self.pid(each)}/ns/{kind}") for each in (first, second)))

    def test_the_images_files_belong_to_who_owns_them(self):
        made = self.started(self.mapped_pod(), "sleep", "1000", image={"image": self.owned})
        self.assertEqual(self.output(made, "stat", "-c", "%u:%g", "/", "/owned", "/owned/file", "/bin/sh"),
                         "0:0\n1000:1001\n1000:1001\n0:0\n")
        self.output(made, "sh", "-c", "echo more >> /owned/file && echo new > /new && chown 5:6 /new && rm /bin/true")
        self.assertEqual(self.output(made, "stat", "-c", "%u:%g", "/owned/file", "/new"), "1000:1001\n5:6\n")
        self.assertNotEqual(self.exec(made, "ls", "/bin/true").get("exit_code", 0), 0)

    def test_what_the_engine_makes_is_the_containers_own(self):
        made = self.started(self.mapped_pod(), "sleep", "1000")
        for path in ("/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/dev", "/dev/shm", "/dev/pts", "/dev/mqueue"):
            self.assertEqual(self.output(made, "stat", "-c", "%u:%g", path), "0:0\n", path)
        self.output(made, "sh", "-c", "echo '10.0.0.1 x' >> /etc/hosts && echo x > /dev/shm/x && echo x > /dev/null && "
                                      "ls /sys/class/net/eth0 /sys/fs/cgroup /proc/1/status && head -c 1 /dev/urandom >/dev/null")
        self.assertIn("1", self.output(made, "sh", "-c", "grep -c eth0 /proc/net/dev"))

    def test_volumes(self):
        volume, plain = self.folder_of("volume"), self.folder_of("plain")
        for path, uid in (("mine", 0), ("theirs", 1234)):
            with open(f"{volume}/{path}", "w") as file:
                file.write(path)
            os.chown(f"{volume}/{path}", uid, uid)
        secret = self.folder_of("secret")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "nosuid,nodev,noexec", "secret", secret], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", secret], check=True)
        mounts = [self.mapped_mount(secret, "/secret", readonly=True), self.mapped_mount(volume, "/v"), self.mapped_mount(volume, "/r", readonly=True),
                  self.mapped_mount(f"{volume}/mine", "/one"), {"host_path": plain, "container_path": "/plain"}]
        made = self.started(self.mapped_pod(), "sleep", "1000", mounts=mounts)
        self.assertEqual(self.output(made, "stat", "-c", "%u", "/v/mine", "/v/theirs", "/r/mine", "/one", "/plain", "/secret"),
                         "0\n1234\n0\n0\n65534\n0\n")
        self.output(made, "sh", "-c", "echo x > /v/new && ! echo x > /r/new2 && ! echo x > /plain/new")
        self.assertEqual(os.stat(f"{volume}/new").st_uid, 0)
        shown = {each["container_path"]: each for each in self.status(made)["mounts"]}
        self.assertEqual(shown["/v"]["uidMappings"], RANGE)

    def test_a_volume_with_maps_of_its_own(self):
        volume = self.folder_of("other")
        os.chown(volume, 5, 6)
        mount = {"host_path": volume, "container_path": "/v", "uidMappings": [{"container_id": 5, "host_id": FIRST + 50, "length": 1}],
                 "gidMappings": [{"container_id": 6, "host_id": FIRST + 60, "length": 1}]}
        made = self.started(self.mapped_pod(), "sleep", "1000", mounts=[mount])
        self.assertEqual(self.output(made, "stat", "-c", "%u:%g", "/v"), "50:60\n")

    def test_a_termination_message(self):
        path = f"{self.folder_of('messages')}/log"
        open(path, "w").close()
        made = self.started(self.mapped_pod(), "sh", "-c", "echo ended > /dev/termination-log",
                            mounts=[self.mapped_mount(path, "/dev/termination-log")])
        self.assertEqual(self.exited(made)["reason"], "Completed")
        with open(path) as file:
            self.assertEqual(file.read(), "ended\n")

    def test_users_that_are_not_root(self):
        context = {"run_as_user": {"value": 1000}, "run_as_group": {"value": 1001}, "readonly_rootfs": True}
        made = self.started(self.mapped_pod(), "sh", "-c", "id; cat /owned/file; echo said > /dev/stdout; touch /x || echo closed",
                            image={"image": self.owned}, linux={"security_context": context})
        self.exited(made)
        said = "\n".join(line for _, _, line in self.said(made))
        for word in ("uid=1000(user) gid=1001", "of 1000", "said", "closed"):
            self.assertIn(word, said)

    def test_processes_that_are_shared(self):
        pod = self.mapped_pod(pid="POD")
        context = {"security_context": {"namespace_options": {"pid": "POD"}}}
        self.started(pod, "sleep", "3217", name="a", linux=dict(context))
        other = self.started(pod, "sleep", "1000", name="b", linux=dict(context))
        self.assertIn("3217", self.output(other, "ps"))
        self.output(other, "sh", "-c", "kill -0 $(ps | grep '[3]217' | head -n 1 | tr -s ' ' | cut -d ' ' -f 2)")
        own = self.mapped_pod()
        first = self.started(own, "sleep", "4217", name="a")
        target = {"security_context": {"namespace_options": {"pid": "TARGET", "target_id": first}}}
        self.assertIn("4217", self.output(self.started(own, "sleep", "1000", name="b", linux=target), "ps"))

    def test_a_terminal(self):
        made = self.started(self.mapped_pod(), "sh", "-c", "stat -c %u $(tty); echo done", tty=True, stdin=True)
        self.exited(made)
        self.assertEqual([line.strip() for _, _, line in self.said(made)], ["0", "done"])

    def test_a_privileged_container_is_root_of_its_pod_alone(self):
        made = self.started(self.mapped_pod(), "sleep", "1000", linux={"security_context": {"privileged": True}})
        self.output(made, "sh", "-c", "mkdir /m && mount -t tmpfs x /m && hostname other")
        self.assertNotEqual(self.exec(made, "sh", "-c", "echo 1 > /proc/sys/kernel/panic").get("exit_code", 0), 0)

    def test_limits_statistics_and_the_network(self):
        pod = self.mapped_pod()
        made = self.started(pod, "sh", "-c", "while :; do echo served | nc -l -p 8080; done",
                            linux={"resources": {"memory_limit_in_bytes": 64 << 20}})
        self.assertGreater(int(self.cri("ContainerStats", {"container_id": made})["stats"]["memory"]["usage_bytes"]["value"]), 0)
        address = self.cri("PodSandboxStatus", {"pod_sandbox_id": pod})["status"]["network"]["ip"]
        ask = lambda where: subprocess.run(["nc", "-w", "2", where, "8080"], stdin=subprocess.DEVNULL, capture_output=True, check=False).stdout
        self.assertTrue(address.startswith(self.subnet))
        self.output(made, "sh", "-c", "nc -w 2 127.0.0.1 8080 </dev/null | grep -q served")
        if subprocess.run(["which", "nc"], capture_output=True, check=False).returncode == 0:
            wait_until(lambda: ask(address) == b"served\n", what="the pod to answer at its address")

    def test_ports_are_forwarded_into_it(self):
        pod = self.mapped_pod()
        self.started(pod, "sh", "-c", "while :; do echo served | nc -l -p 8080; done")
        asked = {"pod_sandbox_id": pod, "port": [8080]}

        def served():
            with PortForward(self.cri("PortForward", asked)["url"], 8080) as tunnel:
                return tunnel.read(7) == (b"served\n", b"")
        wait_until(served, what="the container to answer through the tunnel")
        with PortForward(self.cri("PortForward", asked)["url"], 8081) as tunnel:
            data, why = tunnel.read()
        self.assertEqual(data, b"")
        self.assertIn(b"error forwarding port 8081", why)

    # ---- images as mounts

    def test_image_volumes(self):
        lower = images.Layer().folder("models", 0o755, 1000, 1001).file("models/a", "old").file("models/gone", "x").folder("old").file("old/x", "x")
        upper = (images.Layer().file("models/a", "new", 0o640, 1000, 1001).file("models/.wh.gone")
                 .file("old/.wh..wh..opq").file("old/y", "y", 0o4755).file("run", "#!/bin/sh\necho ran\n", 0o755))
        names = {}
        for name, layers in (("many", [lower, upper]), ("one", [lower])):
            pushed = Session.current.push(f"{name}:1", images.Image(layers))
            names[name] = self.pull(pushed)
        mounts = [{"container_path": f"/{name}", "readonly": True, "image": {"image": reference}, "uidMappings": RANGE, "gidMappings": RANGE}
                  for name, reference in names.items()]
        mounts += [{"container_path": "/part", "image": {"image": names["many"]}, "image_sub_path": "models"},
                   {"container_path": "/file", "image": {"image": names["many"]}, "image_sub_path": "models/a"}]
        pod = self.mapped_pod()
        made = self.started(pod, "sleep", "1000", mounts=mounts)
        self.assertEqual(self.output(made, "sh", "-c", "cd / && for f in $(find many one part file -type f | sort); do echo $f $(cat $f | head -n 1); done"),
                         "file new\nmany/models/a new\nmany/old/y y\nmany/run #!/bin/sh\n"
                         "one/models/a old\none/models/gone x\none/old/x x\npart/a new\n")
        self.assertEqual(self.output(made, "stat", "-c", "%u:%g", "/many", "/many/models", "/many/models/a", "/one/models", "/part", "/file"),
                         "0:0\n1000:1001\n1000:1001\n1000:1001\n1000:1001\n1000:1001\n")
        for command in ("/many/run", "touch /many/x", "touch /one/x", "echo x > /file", "mount -o remount,rw,bind /many"):
            self.assertNotEqual(self.exec(made, "sh", "-c", command).get("exit_code", 0), 0, command)
        shown = {each["container_path"]: each for each in self.status(made)["mounts"]}
        self.assertEqual((shown["/many"]["uidMappings"], shown["/part"]["gidMappings"]), (RANGE, RANGE))

    def test_mounts_do_not_travel_to_the_host(self):
        shared = {"host_path": self.folder_of("shared"), "container_path": "/s", "propagation": "PROPAGATION_BIDIRECTIONAL"}
        with self.assertRaises(cri_client.Refused) as got:
            self.container(self.mapped_pod(), "true", mounts=[shared])
        self.assertIn("PROPAGATION_BIDIRECTIONAL", got.exception.message)

    # ---- restarts

    def test_an_engine_that_was_killed_finds_them_again(self):
        pod = self.mapped_pod()
        made = self.started(pod, "sh", "-c", "while :; do sleep 1; done", name="a")
        before = os.readlink(f"/proc/{self.pid(made)}/ns/user")
        self.daemon.kill9()
        self.daemon.start()
        self.assertEqual(self.output(made, "id", "-u"), "0\n")
        self.assertEqual(self.output(made, "busybox", "readlink", "/proc/self/ns/user"), f"{before}\n")
        later = self.started(pod, "sleep", "1000", name="b", image={"image": self.owned})
        self.assertEqual(os.readlink(f"/proc/{self.pid(later)}/ns/user"), before)
        self.assertEqual(self.output(later, "stat", "-c", "%u", "/owned/file"), "1000\n")
        shown = self.cri("PodSandboxStatus", {"pod_sandbox_id": pod})["status"]["linux"]["namespaces"]["options"]
        self.assertEqual(shown["userns_options"]["gids"], RANGE)


class PortForward:
    """The little of SPDY/3.1 that one connection to a port of a pod needs."""
    ERROR, DATA = 1, 3

    def __init__(self, url, port):
        parts = urllib.parse.urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), 30)
        self.socket.sendall((f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
                             "X-Stream-Protocol-Version: portforward.k8s.io\r\n\r\n").encode())
        self.input = upgraded(self.socket)
        self.headers = zlib.compressobj()
        self.open(self.ERROR, b"error", port)
        self.open(self.DATA, b"data", port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.input.close()
        self.socket.close()

    def open(self, stream, kind, port):
        texts = (b"streamtype", kind, b"port", str(port).encode(), b"requestid", b"0")
        block = struct.pack(">I", len(texts) // 2) + b"".join(struct.pack(">I", len(each)) + each for each in texts)
        packed = self.headers.compress(block) + self.headers.flush(zlib.Z_SYNC_FLUSH)
        self.socket.sendall(struct.pack(">HHIIIH", 0x8003, 1, 10 + len(packed), stream, 0, 0) + packed)  # SYN_STREAM

    def read(self, size=None):
        """What comes on (data, error) until both end, or there is so much data."""
        said, going = {self.DATA: b"", self.ERROR: b""}, {self.DATA, self.ERROR}
        while going and len(said[self.DATA]) != size:
            first, length = struct.unpack(">II", self.input.read(8))
            body = self.input.read(length & 0xFFFFFF)
            if first == 0x80030003:  # RST_STREAM
                going.discard(struct.unpack(">I", body[:4])[0])
            elif not first & 0x80000000:
                said[first] += body
                if length >> 24:  # FIN
                    going.discard(first)
        return said[self.DATA], said[self.ERROR]
