"""The engine as a library: the example program (embedding/embedding.cpp), two engines in one process."""
import os
import subprocess
import tempfile
import unittest

from harness import BIN, PATIENCE, Session

PROGRAM = f"{BIN}/gantry-embedding-example"


class Embedding(unittest.TestCase):
    def setUp(self):
        self.session = Session.current
        self.folder = tempfile.mkdtemp(prefix="e", dir=self.session.folder)  # short: sockets' names are bounded

    def embed(self, *arguments):
        return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=120 * PATIENCE,
                              stdin=subprocess.DEVNULL)

    def run_example(self, image):
        return self.embed(image, self.folder, f"/{os.path.basename(self.session.folder)}-embedding")

    def test_two_engines_in_one_process_each_run_a_container_and_hear_of_their_own_alone(self):
        done = self.run_example(self.session.base)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        lines = done.stdout.splitlines()
        for engine in ("first", "second"):
            of_it = [line.removeprefix(f"{engine}: ") for line in lines if line.startswith(f"{engine}: ")]
            self.assertIn("exited with 7", of_it)
            self.assertIn("listed 1, after removal 0", of_it)
            events = [line.removeprefix("event ") for line in of_it if line.startswith("event ")]
            self.assertEqual(events, ["pull", "create", "start", "die", "destroy"])

    def test_their_end_leaves_nothing_but_the_store(self):
        self.assertEqual(self.run_example(self.session.base).returncode, 0)
        for engine in ("first", "second"):
            self.assertEqual(os.listdir(f"{self.folder}/{engine}/root/containers"), [])
            self.assertTrue(os.listdir(f"{self.folder}/{engine}/root/layers"))

    def test_an_image_that_is_not_there_is_said_to_be_so(self):
        done = self.run_example(f"{self.session.registry.address}/no/such:image")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no/such", done.stderr)

    def test_without_doors(self):
        """Programs that embed the engine carry neither an HTTP server nor gRPC."""
        needed = subprocess.run(["ldd", PROGRAM], capture_output=True, text=True, check=True).stdout
        self.assertNotIn("grpc", needed)
        self.assertNotIn("boost", needed)
