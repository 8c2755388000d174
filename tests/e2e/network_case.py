"""What tests of networks that users make are made of: a daemon, the stock docker client, containers that echo lines."""
import json
import socket

import host
from docker_client import DockerCase
from harness import wait_until


class NetworkCase(DockerCase):
    def tearDown(self):
        super().tearDown()
        if self.daemon.process.poll() is None:
            self.d_ok("network", "prune", "-f")
            self.assertEqual(self.d_ok("network", "ls", "-qf", "type=custom"), "")

    # ---- what the tests are made of

    def network(self, name, *options):
        self.d_ok("network", "create", *options, name)
        self.addCleanup(self.d, "network", "rm", name)
        return self.look(name)

    def look(self, name):
        return json.loads(self.d_ok("network", "inspect", name))[0]

    def up(self, name, network, *options):
        """A container that echoes lines on port 8080; its address there."""
        self.d_ok("run", "-d", "--name", name, "--network", network, *options, self.base, "sh", "-c",
                  "while true; do nc -l -p 8080 -e /bin/cat; done")
        return self.ends(name)[network]["IPAddress"]

    def ends(self, name):
        return self.daemon.inspect(name)["NetworkSettings"]["Networks"]

    def reaches(self, name, target):
        """Whether a container gets its line back from another, port 8080."""
        return self.d("exec", "-i", name, "busybox", "timeout", "3", "nc", "-w", "2", target, "8080", input="over\n").stdout == "over\n"

    def asserts_reach(self, name, target):
        wait_until(lambda: self.reaches(name, target), 20, f"{name} to reach {target}")

    def answers(self, port):
        try:
            with socket.create_connection(("127.0.0.1", port), 2) as link:
                link.sendall(b"hello\n")
                return link.makefile().readline() == "hello\n"
        except OSError:
            return False

    def name_servers(self):
        return [pid for pid, line in host.processes_with(f"{self.daemon.run_dir}/names").items() if "aardvark" in line]

    def nth(self, network, number):
        subnet = self.look(network)["IPAM"]["Config"][0]["Subnet"]
        return subnet.split("/")[0].rsplit(".", 1)[0] + f".{number}"
