"""Networks of both families, by the stock docker client: addresses, names, routes, published ports, isolation."""
import ipaddress
import os
import subprocess
import unittest

import host
from harness import wait_until
from network_case import NetworkCase
from registry import free_port

SIX = ("--ipv6", "--subnet", "fd00:231:7::/64")


class Outside:
    """A host beside this one, which knows no way to containers: 2001:db8:231::2 is reached by ::1, this host's address there."""
    here, there = "2001:db8:231::1", "2001:db8:231::2"
    server = None

    def __init__(self):
        self.name = f"out{os.getpid()}"
        self.ip("netns", "add", self.name)
        try:
            self.ip("link", "add", self.name, "type", "veth", "peer", "name", "eth0", "netns", self.name)
            self.ip("addr", "add", f"{self.here}/64", "dev", self.name, "nodad")
            self.ip("link", "set", self.name, "up")
            for words in (("link", "set", "lo", "up"), ("addr", "add", f"{self.there}/64", "dev", "eth0", "nodad"), ("link", "set", "eth0", "up")):
                self.ip("-n", self.name, *words)
        except BaseException:
            self.close()
            raise

    @staticmethod
    def ip(*words):
        subprocess.run(["ip", *words], check=True)

    def run(self, *command, **options):
        return subprocess.run(["ip", "netns", "exec", self.name, *command], text=True, capture_output=True, **options)

    def serve(self):
        """Echoes lines on port 8080."""
        self.server = subprocess.Popen(["ip", "netns", "exec", self.name, "busybox", "sh", "-c",
                                        "while true; do busybox nc -l -p 8080 -e /bin/cat; done"])

    def close(self):
        if self.server:
            self.server.kill(), self.server.wait()
        for pid in subprocess.run(["ip", "netns", "pids", self.name], text=True, capture_output=True).stdout.split():
            os.kill(int(pid), 9)
        subprocess.run(["ip", "netns", "del", self.name])


@unittest.skipUnless(os.path.exists("/proc/net/if_inet6"), "this host has no IPv6")
class Ipv6(NetworkCase):
    def up6(self, name, network, *options):
        """As `up`; its IPv6 address."""
        self.up(name, network, *options)
        return self.ends(name)[network]["GlobalIPv6Address"]

    def subnets(self, name):
        return [one["Subnet"] for one in self.look(name)["IPAM"]["Config"]]

    def outside(self):
        made = Outside()
        self.addCleanup(made.close)
        return made

    def says(self, outside, address, port):
        """Whether the port answers to a host outside."""
        done = outside.run("busybox", "timeout", "3", "nc", "-w", "2", address, str(port), input="over\n")
        return done.stdout == "over\n"

    # ---- addresses

    def test_a_container_has_an_address_of_each_family(self):
        made = self.network("n1", "--ipv6", "--subnet", "10.231.7.0/24", "--subnet", "fd00:231:7::/64",
                            "--gateway", "FD00:231:7::00fe", "--ip-range", "fd00:231:7::40/122",
                            "--aux-address", "printer=fd00:231:7::40")
        self.assertTrue(made["EnableIPv6"])
        self.assertEqual([one["Subnet"] for one in made["IPAM"]["Config"]], ["10.231.7.0/24", "fd00:231:7::/64"])
        self.assertEqual(made["IPAM"]["Config"][1]["Gateway"], "fd00:231:7::fe")
        four = self.up("web", "n1")
        end = self.ends("web")["n1"]
        self.assertEqual((end["GlobalIPv6Address"], end["GlobalIPv6PrefixLen"], end["IPv6Gateway"]),
                         ("fd00:231:7::41", 64, "fd00:231:7::fe"))
        shown = self.d_ok("exec", "web", "ip", "addr", "show", "eth0")
        self.assertIn(f"{four}/24", shown), self.assertIn("fd00:231:7::41/64", shown)
        self.assertIn("default via fd00:231:7::fe dev eth0", self.d_ok("exec", "web", "ip", "-6", "route"))
        self.assertIn("fd00:231:7::41\t", self.d_ok("exec", "web", "cat", "/etc/hosts"))
        self.assertEqual([one["IPv6Address"] for one in self.look("n1")["Containers"].values()], ["fd00:231:7::41/64"])
        self.up("client", "n1")
        self.asserts_reach("client", "fd00:231:7::41")
        self.assertIn("fd00:231:7::41", self.d_ok("exec", "client", "busybox", "nslookup", "web"))
        self.asserts_reach("client", four), self.asserts_reach("client", "web")

    def test_static_addresses(self):
        self.network("n1", *SIX), self.network("n2")
        self.assertEqual(self.up6("fixed", "n1", "--ip6", "FD00:231:7::0099"), "fd00:231:7::99")
        self.assertEqual(self.ends("fixed")["n1"]["IPAMConfig"], {"IPv6Address": "FD00:231:7::0099"})  # as it was asked for
        self.d_refused("Address already in use", "run", "--network", "n1", "--ip6", "fd00:231:7::99", self.base, "true")
        self.d_refused("no configured subnet", "run", "--network", "n1", "--ip6", "fd00:9::9", self.base, "true")
        self.d_refused("it has no IPv6", "run", "--network", "n2", "--ip6", "fd00:231:7::9", self.base, "true")
        self.d_refused("user defined networks only", "run", "--ip6", "fd00:231:7::9", self.base, "true")
        self.d_ok("rm", "-f", "fixed")
        self.assertEqual(self.up6("again", "n1", "--ip6", "fd00:231:7::99"), "fd00:231:7::99")

    def test_without_a_subnet_it_is_of_the_engines_own(self):
        self.network("n1", "--ipv6"), self.network("n2", "--ipv6")
        one, two = (ipaddress.ip_network(self.subnets(name)[1]) for name in ("n1", "n2"))
        self.assertTrue(one.subnet_of(ipaddress.ip_network("fd00::/8")))
        self.assertEqual((one.prefixlen, one.supernet(new_prefix=48)), (64, two.supernet(new_prefix=48)))
        self.assertNotEqual(one, two)
        self.assertEqual(self.up6("web", "n1"), str(one[2]))

    def test_what_cannot_be_is_refused(self):
        self.network("n1", *SIX)
        self.d_refused("Pool overlaps", "network", "create", "--ipv6", "--subnet", "fd00:231:7:0:8000::/65", "n2")
        self.d_refused("multiple subnets", "network", "create", *SIX, "--subnet", "fd00:231:8::/64", "n2")
        self.d_refused("a meaning of their own", "network", "create", "--ipv6", "--subnet", "fe80::/64", "n2")
        self.d_refused("/8 to /126", "network", "create", "--ipv6", "--subnet", "fd00:231:8::/127", "n2")
        self.network("n2")
        self.d_refused("has no IPv6", "run", "--network", "n2", "-p", "[2001:db8:231::1]::80", self.base, "true")
        self.d_refused("publish at 127.0.0.1", "run", "--network", "n1", "-p", "[::1]::80", self.base, "true")

    # ---- who reaches whom

    def test_networks_are_kept_apart(self):
        self.network("n1", *SIX), self.network("n2", "--ipv6"), self.network("inside", "--ipv6", "--internal")
        one, two = self.up6("one", "n1"), self.up6("two", "n2")
        inside = self.up6("inside1", "inside")
        self.up("friend", "n1"), self.up("inside2", "inside")
        self.asserts_reach("friend", one), self.asserts_reach("inside2", inside)
        self.assertNotIn("default", self.d_ok("exec", "inside1", "ip", "-6", "route"))
        gateway = self.look("inside")["IPAM"]["Config"][1]["Gateway"]
        self.d_ok("exec", "--privileged", "inside1", "ip", "-6", "route", "add", "default", "via", gateway)
        for name, target in (("one", two), ("two", one), ("inside1", one), ("one", inside)):
            self.assertFalse(self.reaches(name, target), f"{name} reaches {target}")

    def test_what_leaves_has_the_hosts_address(self):
        outside = self.outside()
        self.network("n1", *SIX), self.network("inside", "--ipv6", "--internal")
        web = self.up6("web", "n1")
        self.up("inside1", "inside")
        outside.serve()  # no way leads back from there to a container's own address
        self.asserts_reach("web", outside.there)
        self.assertFalse(self.reaches("inside1", outside.there))
        outside.ip("-n", outside.name, "route", "add", f"{web}/128", "via", outside.here)
        self.assertFalse(self.says(outside, web, 8080))  # nobody comes in by himself

    def test_published_ports(self):
        outside = self.outside()
        self.network("n1", *SIX)
        both, six, one = (free_port() for _ in range(3))
        self.up("web", "n1", "-p", f"{both}:8080", "-p", f"[::]:{six}:8080", "-p", f"[{outside.here}]:{one}:8080")
        ports = self.daemon.inspect("web")["NetworkSettings"]["Ports"]["8080/tcp"]
        self.assertEqual({(port["HostIp"], port["HostPort"]) for port in ports},
                         {("0.0.0.0", str(both)), ("::", str(both)), ("::", str(six)), (outside.here, str(one))})
        wait_until(lambda: self.answers(both), 20, "the port to answer by IPv4")
        for port in (both, six, one):
            wait_until(lambda port=port: self.says(outside, outside.here, port), 20, f"port {port} to answer by IPv6")
        self.assertFalse(self.answers(six))
        gateway = self.look("n1")["IPAM"]["Config"][1]["Gateway"]
        self.assertFalse(self.says_to_itself("web", gateway, one))
        wait_until(lambda: self.says_to_itself("web", gateway, six), 20, "a container to reach its own port")
        self.d_refused("port is already allocated", "run", "--network", "n1", "-p", f"[::]:{both}:8080", self.base, "true")
        self.d_ok("rm", "-f", "web")
        self.up("next", "n1", "-p", f"{six}:8080")

    def says_to_itself(self, name, address, port):
        done = self.d("exec", "-i", name, "busybox", "timeout", "3", "nc", "-w", "2", address, str(port), input="over\n")
        return done.stdout == "over\n"

    # ---- while it runs, and what outlives what

    def test_connect_and_disconnect_while_it_runs(self):
        self.network("n1", *SIX), self.network("n2", "--ipv6", "--subnet", "fd00:231:8::/64"), self.network("n3")
        self.up("web", "n1"), self.up("friend", "n2")
        self.d_ok("network", "connect", "--ip6", "fd00:231:8::77", "n2", "web")
        self.assertEqual(self.ends("web")["n2"]["GlobalIPv6Address"], "fd00:231:8::77")
        self.asserts_reach("friend", "fd00:231:8::77")
        self.d_ok("network", "disconnect", "n1", "web")
        self.assertIn("default via fd00:231:8::1 dev eth1", self.d_ok("exec", "web", "ip", "-6", "route"))
        self.d_ok("network", "connect", "n3", "web")
        self.assertEqual(self.ends("web")["n3"]["GlobalIPv6Address"], "")
        self.d_ok("network", "disconnect", "n2", "web")
        self.assertNotIn("default", self.d_ok("exec", "web", "ip", "-6", "route"))

    def test_addresses_outlive_the_engine(self):
        self.network("n1", *SIX)
        self.up("web", "n1"), self.up("client", "n1")
        before = self.look("n1")
        self.daemon.kill9()
        self.daemon.start()
        self.assertEqual(self.look("n1"), before)
        self.asserts_reach("client", self.ends("web")["n1"]["GlobalIPv6Address"])
        others = {self.ends(name)["n1"]["GlobalIPv6Address"] for name in ("web", "client")}
        self.assertNotIn(self.up6("new", "n1"), others)

    def test_a_network_that_goes_leaves_nothing(self):
        links, rules = host.links(), host.rules()
        self.network("n1", *SIX)
        self.up("web", "n1", "-p", "8080")
        self.assertIn("-A POSTROUTING -s fd00:231:7::/64", "\n".join(host.rules() - rules))
        self.daemon.kill9()
        self.daemon.start()
        self.d_ok("rm", "-f", "web")
        self.d_ok("network", "rm", "n1")
        wait_until(lambda: host.links() <= links, 20, "links to go")
        self.assertEqual(host.rules() - rules, set())
        self.assertNotIn("CNI-HOSTPORT", "\n".join(host.lines_of("ip6tables", "-t", "nat", "-S")))
