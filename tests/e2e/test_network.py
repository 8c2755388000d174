"""Networks: addresses, published ports, joined namespaces; nothing left after rm."""
import socket

from harness import Case, wait_until
from registry import free_port
import host


class Network(Case):
    def get(self, port, address="127.0.0.1"):
        with socket.create_connection((address, port), 5) as link:
            link.sendall(b"hello\n")
            return link.makefile().readline()

    def serve(self, name, *options):
        return self.ok("run", "-d", "--name", name, *options, self.base, "sh", "-c",
                       "while true; do nc -l -p 8080 -e /bin/cat; done").strip()

    def host_address(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(("192.0.2.1", 9))
                return probe.getsockname()[0]
            except OSError:
                return "127.0.0.1"

    def answers(self, port, address="127.0.0.1"):
        try:
            return self.get(port, address) == "hello\n"
        except OSError:
            return False

    def test_published_ports_are_reached_from_the_host(self):
        port = free_port()
        self.serve("web", "-p", f"{port}:8080")
        wait_until(lambda: self.answers(port, self.host_address()) or self.answers(port), 20, "the port to answer")
        self.assertIn(f"{port}->8080/tcp", self.ok("ps"))
        self.assertIn(str(port), self.ok("port", "web"))
        self.refused("", "run", "-d", "--name", "second", "-p", f"{port}:8080", self.base, "sleep", "100", code=125)
        self.ok("rm", "-f", "web", "second")
        self.assertFalse(self.answers(port, self.host_address()))
        self.serve("web", "-p", f"{port}:8080")
        wait_until(lambda: self.answers(port, self.host_address()) or self.answers(port), 20, "the port to answer again")

    def test_containers_reach_each_other_by_address(self):
        self.serve("server")
        address = self.daemon.inspect("server")["NetworkSettings"]["IPAddress"]
        self.assertTrue(address)
        self.assertEqual(self.ok("run", "--rm", "-i", self.base, "nc", address, "8080", input="over\n"), "over\n")

    def test_a_joined_network_is_the_other_s(self):
        self.serve("server")
        address = self.daemon.inspect("server")["NetworkSettings"]["IPAddress"]
        self.assertIn(address, self.run_ok("--network", "container:server", "--", "ip", "addr"))

    def test_none_one_after_another_see_nothing_of_each_other(self):
        shown = ("ip addr; ip route; cat /proc/net/dev /proc/net/snmp /proc/net/tcp /proc/net/unix /proc/net/sockstat6 "
                 "/proc/sys/net/core/somaxconn")
        look = ("--network", "none", "--", "sh", "-c", shown)
        fresh = self.run_ok(*look)
        self.assertIn("127.0.0.1/8", fresh)
        self.assertEqual(self.run_ok(*look), fresh)
        address = "ip addr add 10.9.8.7/8 dev lo"
        self.run_ok("--network", "none", "--cap-add", "NET_ADMIN", "--", "sh", "-c", address)
        self.assertEqual(self.run_ok(*look), fresh)
        self.run_ok("--network", "none", "--privileged", "--", "sh", "-c", "echo 7 > /proc/sys/net/core/somaxconn")
        self.assertEqual(self.run_ok(*look), fresh)
        self.run_ok("--network", "none", "--", "sh", "-c", "nc -w 1 127.0.0.1 9; nc -w 1 10.0.0.1 9; true")
        self.assertEqual(self.run_ok(*look), fresh)
        self.ok("run", "-d", "--network", "none", "--name", "first", self.base, "sleep", "1000")
        self.ok("exec", "--privileged", "first", "sh", "-c", address)
        self.ok("rm", "-f", "first")
        self.assertEqual(self.run_ok(*look), fresh)

    def test_a_joined_none_network_serves_no_other(self):
        self.ok("run", "-d", "--network", "none", "--name", "first", self.base, "sleep", "1000")
        self.ok("run", "-d", "--network", "container:first", "--cap-add", "NET_ADMIN", "--name", "guest", self.base,
                "sh", "-c", "ip link set lo down; exec sleep 1000")
        wait_until(lambda: "UP" not in self.ok("exec", "guest", "ip", "link"), 20, "the guest to take lo down")
        self.ok("rm", "-f", "first")
        for _ in range(3):
            self.assertIn("UP", self.run_ok("--network", "none", "--", "ip", "link"))
        self.ok("exec", "guest", "ip", "link", "set", "lo", "up")
        self.assertIn("UP", self.ok("exec", "guest", "ip", "link"))

    def test_resolv_conf_and_hosts(self):
        out = self.run_ok("--dns", "192.0.2.53", "--dns-search", "example.org", "--add-host", "other:192.0.2.7", "--",
                          "cat", "/etc/resolv.conf", "/etc/hosts")
        for word in ("nameserver 192.0.2.53", "search example.org", "192.0.2.7\tother"):
            self.assertIn(word, out)

    def test_rm_leaves_no_link_and_no_rule(self):
        links, rules, names = host.links(), host.rules(), host.network_names()
        self.serve("one", "-p", f"{free_port()}:8080")
        self.assertTrue({name for name in host.links() - links if name.startswith("veth")})
        self.ok("rm", "-f", "one")
        self.assertEqual(host.network_names() - names, set())
        self.assertEqual({line for line in host.rules() - rules if "CNI-DN" in line}, set())
        self.assertEqual({name for name in host.links() - links if name.startswith("veth")}, set())
