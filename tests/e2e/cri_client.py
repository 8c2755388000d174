"""The Kubernetes CRI's client: gantry-cri-call (tests/e2e/cri), one call a process."""
import json
import os
import subprocess

from harness import BIN, PATIENCE

NOT_FOUND, INVALID_ARGUMENT, DEADLINE_EXCEEDED, FAILED_PRECONDITION, UNIMPLEMENTED, UNAVAILABLE = 5, 3, 4, 9, 12, 14


class Refused(Exception):
    def __init__(self, call, text):
        text = text.removeprefix("begun\n")
        super().__init__(f"{call}: {text}")
        code, _, self.message = text.strip().partition(": ")
        self.code = int(code) if code.isdigit() else -1


class Client:
    def __init__(self, socket):
        self.socket = socket

    def begin(self, call, request=None, messages=None, seconds=None):
        environment = dict(os.environ)
        if messages is not None:
            environment["GANTRY_CRI_MESSAGES"] = str(messages)
        environment["GANTRY_CRI_SECONDS"] = str(int((seconds or 120) * PATIENCE))
        return subprocess.Popen([f"{BIN}/gantry-cri-call", self.socket, call, json.dumps(request or {})], text=True,
                                env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def all(self, call, request=None, **options):
        """Every message of the answer. Raises Refused."""
        running = self.begin(call, request, **options)
        out, err = running.communicate()
        if running.returncode:
            raise Refused(call, err)
        return [json.loads(line) for line in out.splitlines()]

    def __call__(self, call, request=None, **options):
        return self.all(call, request, **options)[0]
