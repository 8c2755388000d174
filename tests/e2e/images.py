"""OCI images made from this machine's own files, and pushed to a registry with skopeo."""
import gzip
import hashlib
import io
import json
import os
import platform
import subprocess
import tarfile

ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
APPLETS = ("sh cat echo ls id env sleep true false pwd hostname mount touch mkdir rm ln stat grep wc head seq date "
           "kill ps nc wget ip ping test printf tty stty dd mknod chown chmod df sort tr yes tail cut sync").split()


class Layer:
    """One layer: a tar in memory. Names as in the layer spec; a whiteout is a name like any other."""

    def __init__(self):
        self._bytes = io.BytesIO()
        self._tar = tarfile.open(fileobj=self._bytes, mode="w", format=tarfile.PAX_FORMAT)

    def _info(self, name, kind, mode, uid=0, gid=0):
        info = tarfile.TarInfo(name)
        info.type, info.mode, info.uid, info.gid, info.mtime = kind, mode, uid, gid, 1700000000
        return info

    def folder(self, name, mode=0o755, uid=0, gid=0):
        self._tar.addfile(self._info(name, tarfile.DIRTYPE, mode, uid, gid))
        return self

    def file(self, name, content=b"", mode=0o644, uid=0, gid=0):
        info = self._info(name, tarfile.REGTYPE, mode, uid, gid)
        content = content.encode() if isinstance(content, str) else content
        info.size = len(content)
        self._tar.addfile(info, io.BytesIO(content))
        return self

    def host_file(self, path, name=None, mode=0o755):
        with open(path, "rb") as file:
            return self.file(name or path.lstrip("/"), file.read(), mode)

    def symlink(self, name, target):
        info = self._info(name, tarfile.SYMTYPE, 0o777)
        info.linkname = target
        self._tar.addfile(info)
        return self

    def hardlink(self, name, target):
        info = self._info(name, tarfile.LNKTYPE, 0o644)
        info.linkname = target
        self._tar.addfile(info)
        return self

    def bytes(self):
        self._tar.close()
        return self._bytes.getvalue()


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Image:
    """An image in memory: blobs by digest and a manifest."""

    def __init__(self, layers, compression="gzip", **config):
        self.blobs = {}
        tars = [layer.bytes() for layer in layers]
        packed = [self._pack(tar, compression) for tar in tars]
        kind = "application/vnd.oci.image.layer.v1.tar" + {"none": ""}.get(compression, "+" + compression)
        document = {"architecture": ARCHITECTURE, "os": "linux", "created": "2024-01-01T00:00:00Z",
                    "config": {"Env": ["PATH=/bin"], "Cmd": ["/bin/sh"], **config},
                    "rootfs": {"type": "layers", "diff_ids": [digest(tar) for tar in tars]},
                    "history": [{"created_by": f"layer {n}"} for n in range(len(tars))]}
        self.config = json.dumps(document).encode()
        self.layers = [{"mediaType": kind, "digest": self.put(blob), "size": len(blob)} for blob in packed]
        self.manifest = json.dumps({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": self.put(self.config),
                       "size": len(self.config)},
            "layers": self.layers}).encode()

    def put(self, data):
        self.blobs[digest(data)] = data
        return digest(data)

    @staticmethod
    def _pack(tar, compression):
        if compression == "gzip":
            return gzip.compress(tar, 1, mtime=0)
        if compression == "zstd":
            return subprocess.run(["zstd", "-qc1"], input=tar, stdout=subprocess.PIPE, check=True).stdout
        return tar

    def write_layout(self, folder, tag):
        os.makedirs(f"{folder}/blobs/sha256", exist_ok=True)
        self.put(self.manifest)
        for name, data in self.blobs.items():
            with open(f"{folder}/blobs/sha256/{name.removeprefix('sha256:')}", "wb") as file:
                file.write(data)
        entry = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest(self.manifest),
                 "size": len(self.manifest), "annotations": {"org.opencontainers.image.ref.name": tag}}
        for name, document in (("index.json", {"schemaVersion": 2, "manifests": [entry]}),
                               ("oci-layout", {"imageLayoutVersion": "1.0.0"})):
            with open(f"{folder}/{name}", "w") as file:
                json.dump(document, file)


def busybox():
    layer = Layer()
    for name in ("bin", "etc", "home", "proc", "sys", "dev", "root", "var", "var/log", "usr", "usr/bin"):
        layer.folder(name)
    layer.folder("tmp", 0o1777)
    layer.host_file("/bin/busybox", "bin/busybox")
    for applet in APPLETS:
        layer.symlink(f"bin/{applet}", "busybox")
    layer.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n")
    layer.file("etc/group", "root:x:0:\nuser:x:1000:\nextra:x:2000:user\n")
    layer.folder("home/user", 0o755, 1000, 1000)
    return layer


def several_layers():
    """Whiteouts, an opaque folder, hard links, setuid, replaced kinds: what later layers do to earlier ones."""
    first = Layer().folder("data").file("data/kept", "kept\n").file("data/gone", "gone\n")
    first.folder("data/opaque").file("data/opaque/old", "old\n").file("data/becomes-folder", "x").folder("data/was-folder")
    first.file("data/was-folder/inside", "x")
    second = Layer().file("data/.wh.gone").file("data/opaque/.wh..wh..opq").file("data/opaque/new", "new\n")
    second.file("data/.wh.becomes-folder").folder("data/becomes-folder").file("data/becomes-folder/inside", "folder\n")
    second.file("data/.wh.was-folder").file("data/was-folder", "file\n")
    third = Layer().file("data/first-name", "linked\n").hardlink("data/second-name", "data/first-name")
    third.file("data/setuid", "", 0o4755, 1000, 1000)
    return [first, second, third]


def base_image():
    return Image([busybox()] + several_layers())


def entry_image():
    """All that an image's config says to a container."""
    return Image([busybox()], "zstd", Entrypoint=["/bin/echo", "entry"], Cmd=["default"], WorkingDir="/made/by/engine",
                 Env=["PATH=/bin", "FROM_IMAGE=yes"], User="user", Labels={"of": "image"}, Volumes={"/data": {}},
                 ExposedPorts={"80/tcp": {}}, StopSignal="SIGUSR1")


def bulky_image(layers=4, size=4 << 20, compression="none"):
    """Incompressible layers, for pulls that take a while."""
    return Image([busybox()] + [Layer().file(f"bulk{n}", os.urandom(size)) for n in range(layers)], compression)


def push(image, registry, name, folder):
    """Pushes to a registry on loopback; `name` is as in base:latest."""
    image.write_layout(folder, "pushed")
    subprocess.run(["skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false", f"oci:{folder}:pushed",
                    f"docker://{registry}/{name}"], check=True)
