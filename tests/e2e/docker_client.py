"""The stock docker client: the one in PATH, else Debian's, unpacked from its package without installing its daemon."""
import glob
import os
import shutil
import subprocess
import tempfile
import unittest

from harness import Case

CACHE = os.path.expanduser("~/.cache/gantry/docker-client")


def find():
    """Its path, or nothing where there is none and none can be had."""
    there = shutil.which("docker") or shutil.which("docker", path=f"{CACHE}/usr/bin")
    return there or fetch()


def fetch():
    with tempfile.TemporaryDirectory(prefix="gantry-e2e-deb-") as folder:
        os.chmod(folder, 0o755)  # apt's own user downloads into it
        run = subprocess.run(["apt-get", "download", "-q", "docker.io"], cwd=folder, capture_output=True)
        packages = glob.glob(f"{folder}/docker.io_*.deb")
        if run.returncode or not packages:
            return None
        os.makedirs(CACHE, exist_ok=True)
        pipe = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", packages[0]], stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "-C", CACHE, "./usr/bin/docker"], stdin=pipe.stdout, check=True)
        pipe.wait()
    return shutil.which("docker", path=f"{CACHE}/usr/bin")


class DockerCase(Case):
    """Tests that type what users of the stock client do."""

    @classmethod
    def setUpClass(cls):
        cls.docker = find()
        if not cls.docker:
            raise unittest.SkipTest("no docker client, and Debian's package cannot be downloaded")
        super().setUpClass()
        cls.daemon.environment["DOCKER_HOST"] = f"unix://{cls.daemon.socket}"

    def d(self, *arguments, **options):
        return self.daemon.gantry(*arguments, program=self.docker, **options)

    def d_ok(self, *arguments, **options):
        done = self.d(*arguments, **options)
        self.assertEqual(done.returncode, 0, f"docker {' '.join(arguments)}: {done.stdout}{done.stderr}\n{self.daemon.log()[-1500:]}")
        return done.stdout

    def d_refused(self, word, *arguments, **options):
        done = self.d(*arguments, **options)
        self.assertNotEqual(done.returncode, 0, f"docker {' '.join(arguments)} succeeded: {done.stdout}")
        self.assertIn(word, done.stderr)
