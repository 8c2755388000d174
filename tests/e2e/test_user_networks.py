"""Networks that users make, by the stock docker client: names, addresses, isolation; what comes and goes while it runs."""
import os
import random
import threading
import time

import host
from harness import SLOW, wait_until
from network_case import NetworkCase
from registry import free_port


class UserNetworks(NetworkCase):
    # ---- names

    def test_containers_find_each_other_by_name_alias_and_short_id(self):
        self.network("n1")
        self.up("web", "n1", "--network-alias", "www", "--hostname", "webhost")
        self.up("client", "n1")
        short = self.daemon.inspect("web")["Id"][:12]
        for name in ("web", "www", "WEB", short, "webhost"):
            self.asserts_reach("client", name)
        self.assertFalse(self.reaches("client", "nobody"))
        end = self.ends("web")["n1"]
        self.assertEqual(end["Aliases"], ["www"])
        self.assertEqual(end["DNSNames"], ["web", "www", short, "webhost"])
        self.d_ok("rename", "web", "site")
        self.asserts_reach("client", "site")
        self.assertFalse(self.reaches("client", "web"))
        self.d_ok("rm", "-f", "site")
        self.assertFalse(self.reaches("client", "site"))

    def test_two_containers_of_one_alias_are_both_told(self):
        self.network("n1")
        addresses = {self.up(name, "n1", "--network-alias", "pool") for name in ("one", "two")}
        self.up("client", "n1")
        told = self.d_ok("exec", "client", "busybox", "nslookup", "pool")
        for address in addresses:
            self.assertIn(address, told)

    def test_a_container_on_two_networks_finds_and_is_found_on_both(self):
        self.network("n1"), self.network("n2")
        self.up("left", "n1"), self.up("right", "n2")
        self.d_ok("create", "--name", "both", "--network", "n1", self.base, "sh", "-c", "while true; do nc -l -p 8080 -e /bin/cat; done")
        self.d_ok("network", "connect", "--alias", "middle", "n2", "both")
        self.assertEqual(self.ends("both")["n2"]["IPAddress"], "")
        self.d_ok("start", "both")
        self.asserts_reach("both", "left"), self.asserts_reach("both", "right")
        self.asserts_reach("left", "both"), self.asserts_reach("right", "middle")
        self.assertFalse(self.reaches("left", "right"))

    # ---- addresses

    def test_static_addresses_and_hardware_addresses(self):
        made = self.network("n1", "--subnet", "10.231.7.0/24", "--gateway", "10.231.7.254", "--ip-range", "10.231.7.64/26",
                            "--aux-address", "printer=10.231.7.64", "--label", "a=b")
        self.assertEqual(made["IPAM"]["Config"][0]["Gateway"], "10.231.7.254")
        self.assertEqual(made["Labels"], {"a": "b"})
        self.assertEqual(self.up("any", "n1"), "10.231.7.65")
        self.assertEqual(self.up("fixed", "n1", "--ip", "10.231.7.9", "--mac-address", "02:42:0a:e7:07:09"), "10.231.7.9")
        shown = self.d_ok("exec", "fixed", "ip", "addr", "show", "eth0")
        self.assertIn("10.231.7.9/24", shown)
        self.assertIn("02:42:0a:e7:07:09", shown)
        self.assertIn("default via 10.231.7.254", self.d_ok("exec", "fixed", "ip", "route"))
        self.d_refused("Address already in use", "run", "--network", "n1", "--ip", "10.231.7.9", self.base, "true")
        self.d_refused("no configured subnet", "run", "--network", "n1", "--ip", "10.9.9.9", self.base, "true")
        members = self.look("n1")["Containers"]
        self.assertEqual({one["Name"]: one["IPv4Address"] for one in members.values()},
                         {"any": "10.231.7.65/24", "fixed": "10.231.7.9/24"})
        self.d_ok("rm", "-f", "fixed")
        self.assertEqual(self.up("again", "n1", "--ip", "10.231.7.9"), "10.231.7.9")

    def test_what_an_end_can_be_asked_beside_its_address(self):
        self.network("n 1")  # a blank, as dockerd lets it
        # By the API: the client takes a list of sysctls apart at its commas.
        options = {"com.docker.network.endpoint.ifname": "lan", "some.other": "on",
                   "com.docker.network.endpoint.sysctls": "net.ipv4.conf.IFNAME.log_martians=1,net.ipv4.conf.IFNAME.forwarding=0"}
        how = {"DriverOpts": options, "IPAMConfig": {"LinkLocalIPs": ["169.254.8.8"]}}
        self.d_ok("create", "--name", "one", self.base, "sleep", "1000")
        self.assertEqual(self.daemon.api("POST", "/networks/n%201/connect", {"Container": "one", "EndpointConfig": how})[0], 200)
        made = self.ends("one")["n 1"]
        self.assertEqual(made["IPAMConfig"], {"LinkLocalIPs": ["169.254.8.8"]})
        self.assertEqual(made["DriverOpts"], options)
        for _ in range(2):
            self.d_ok("start", "one")
            shown = self.d_ok("exec", "one", "ip", "addr", "show", "lan")
            self.assertIn("169.254.8.8/16", shown)
            self.assertIn(self.ends("one")["n 1"]["IPAddress"], shown)
            self.assertEqual(self.d_ok("exec", "one", "cat", "/proc/sys/net/ipv4/conf/lan/log_martians",
                                       "/proc/sys/net/ipv4/conf/lan/forwarding"), "1\n0\n")
            self.assertIn("eth0", self.d_ok("exec", "one", "ip", "link"))  # the bridge's
            self.d_ok("network", "disconnect", "bridge", "one"), self.d_ok("network", "connect", "bridge", "one")
            self.d_ok("stop", "-t", "0", "one")
        self.d_ok("run", "-d", "--name", "two", "--link-local-ip", "169.254.9.9", self.base, "sleep", "1000")
        self.assertIn("169.254.9.9/16", self.d_ok("exec", "two", "ip", "addr", "show", "eth0"))
        self.d_refused("Error response", "run", "--network", "name=n 1,driver-opt=com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.no_such=1",
                       self.base, "true")

    def test_a_hardware_address_is_shown_before_the_start(self):
        self.d_ok("create", "--name", "one", "--mac-address", "02:42:0a:e7:07:09", self.base, "sleep", "1000")
        self.assertEqual(self.ends("one")["bridge"]["MacAddress"], "02:42:0a:e7:07:09")
        self.assertEqual(self.daemon.inspect("one")["Config"]["MacAddress"], "02:42:0a:e7:07:09")
        self.d_ok("start", "one")
        self.assertIn("02:42:0a:e7:07:09", self.d_ok("exec", "one", "ip", "link", "show", "eth0"))
        self.d_ok("create", "--name", "two", self.base, "sleep", "1000")
        self.assertEqual(self.ends("two")["bridge"]["MacAddress"], "")
        self.assertNotIn("MacAddress", self.daemon.inspect("two")["Config"])

    def test_what_cannot_be_is_refused(self):
        self.network("n1", "--subnet", "10.231.8.0/24")
        self.d_refused("already exists", "network", "create", "n1")
        self.d_refused("Pool overlaps", "network", "create", "--subnet", "10.231.8.128/25", "n2")
        self.d_refused("macvlan", "network", "create", "-d", "macvlan", "n2")
        self.d_refused("multiple subnets", "network", "create", "--subnet", "10.231.9.0/24", "--subnet", "10.231.10.0/24", "n2")
        self.d_refused("needs EnableIPv6", "network", "create", "--subnet", "fd00:231::/64", "n2")
        self.d_refused("network nope not found", "run", "--rm", "--network", "nope", self.base, "true")
        self.d_refused("bridge is a pre-defined network and cannot be removed", "network", "rm", "bridge")
        self.d_refused("user defined networks only", "run", "--ip", "10.0.0.2", self.base, "true")
        self.d_refused("private (none) mode", "network", "connect", "n1",
                       self.d_ok("run", "-d", "--network", "none", self.base, "sleep", "1000").strip())
        self.d_refused("another container or host", "network", "connect", "n1",
                       self.d_ok("run", "-d", "--network", "host", self.base, "sleep", "1000").strip())

    def test_a_network_in_use_stays_and_one_that_is_not_goes(self):
        self.network("n1")
        self.up("web", "n1")
        self.d_refused("has active endpoints", "network", "rm", "n1")
        self.assertNotIn("n1", self.d_ok("network", "prune", "-f"))
        self.assertIn("n1", self.d_ok("network", "ls", "-f", "dangling=false", "--format", "{{.Name}}"))
        self.d_ok("stop", "-t", "0", "web")
        self.assertIn("n1", self.d_ok("network", "prune", "-f"))
        self.d_refused("not found", "start", "web")

    # ---- who reaches whom

    def test_networks_are_kept_apart(self):
        self.network("n1"), self.network("n2")
        one, two = self.up("one", "n1"), self.up("two", "n2")
        plain = self.up("plain", "bridge")
        self.up("friend", "n1")
        self.asserts_reach("friend", one)
        for name, target in (("one", two), ("two", one), ("one", plain), ("plain", one)):
            self.assertFalse(self.reaches(name, target), f"{name} reaches {target}")

    def test_published_ports_are_open_to_all_and_unpublished_ones_to_none(self):
        self.network("n1"), self.network("n2", "-o", "com.docker.network.bridge.host_binding_ipv4=127.0.0.1")
        port = free_port()
        self.up("web", "n1", "-p", f"{port}:8080", "-p", "8080/udp")
        wait_until(lambda: self.answers(port), 20, "the port to answer")
        gateway = self.look("n1")["IPAM"]["Config"][0]["Gateway"]
        self.up("other", "n2", "-p", f"{port + 1}-{port + 9}:8080")
        said = self.d("exec", "-i", "other", "busybox", "timeout", "3", "nc", "-w", "2", gateway, str(port), input="x\n").stdout
        self.assertEqual(said, "x\n")
        chosen = self.d_ok("port", "other", "8080").strip()
        self.assertRegex(chosen, r"^127\.0\.0\.1:\d+$")
        self.assertLess(port, int(chosen.split(":")[1]))
        self.assertIn("udp", self.d_ok("port", "web"))

    def test_publish_all_publishes_what_is_exposed(self):
        self.network("n1")
        self.up("web", "n1", "-P", "--expose", "8080")
        port = int(self.d_ok("port", "web", "8080").split("\n")[0].rsplit(":", 1)[1])
        wait_until(lambda: self.answers(port), 20, "the port to answer")

    def test_an_internal_network_has_no_way_out(self):
        self.assertTrue(self.network("inside", "--internal")["Internal"])
        self.network("n1")
        self.up("one", "inside"), self.up("two", "inside")
        outside = self.up("outside", "n1")
        self.asserts_reach("one", "two")
        self.assertNotIn("default", self.d_ok("exec", "one", "ip", "route"))
        # Not even with a route of its own.
        gateway = self.look("inside")["IPAM"]["Config"][0]["Gateway"]
        self.d_ok("exec", "--privileged", "one", "ip", "route", "add", "default", "via", gateway)
        self.assertFalse(self.reaches("one", outside))
        self.d_ok("network", "connect", "n1", "one")
        self.d_ok("exec", "--privileged", "one", "ip", "route", "del", "default")
        self.asserts_reach("one", outside)

    # ---- while it runs

    def test_connect_and_disconnect_while_it_runs(self):
        self.network("n1"), self.network("n2")
        port = free_port()
        self.up("web", "n1", "-p", f"{port}:8080")
        self.up("friend", "n2")
        events = self.daemon.begin("events", "--since", str(int(time.time())))  # it may begin late
        self.d_ok("network", "connect", "--ip", self.nth("n2", 77), "--alias", "extra", "n2", "web")
        self.assertEqual(self.ends("web")["n2"]["IPAddress"], self.nth("n2", 77))
        self.assertIn(self.nth("n2", 77), self.d_ok("exec", "web", "ip", "addr", "show", "eth1"))
        self.asserts_reach("friend", "extra")
        self.asserts_reach("web", "friend")
        self.d_refused("already exists in network", "network", "connect", "n2", "web")
        self.d_ok("network", "disconnect", "n1", "web")
        self.assertNotIn("n1", self.ends("web"))
        self.assertIn(f"default via {self.nth('n2', 1)} dev eth1", self.d_ok("exec", "web", "ip", "route"))
        wait_until(lambda: self.answers(port), 20, "the port to answer through the other network")
        self.d_ok("network", "disconnect", "n2", "web")
        self.assertFalse(self.reaches("friend", "extra"))
        self.assertNotIn("eth1", self.d_ok("exec", "web", "ip", "addr"))
        self.d_refused("is not connected to", "network", "disconnect", "n2", "web")
        events.terminate()
        said = events.communicate()[0]
        for action in ("network connect", "network disconnect"):
            self.assertIn(action, said)

    def test_one_that_was_started_on_the_default_bridge_finds_names_once_it_is_connected(self):
        self.network("n1")
        self.up("web", "n1")
        self.up("plain", "bridge"), self.up("own", "bridge")
        self.d_ok("exec", "own", "sh", "-c", "echo nameserver 192.0.2.1 > /etc/resolv.conf")
        self.assertFalse(self.reaches("plain", "web"))
        for name in ("plain", "own"):
            self.d_ok("network", "connect", "n1", name)
        self.asserts_reach("plain", "web")
        self.asserts_reach("web", "plain")
        time.sleep(0.2)
        self.assertEqual(self.d_ok("exec", "own", "cat", "/etc/resolv.conf"), "nameserver 192.0.2.1\n")
        self.d_ok("network", "disconnect", "n1", "plain")
        wait_until(lambda: self.nth("n1", 1) not in self.d_ok("exec", "plain", "cat", "/etc/resolv.conf"), 10,
                   "resolv.conf to name the network no more")

    # ---- what outlives what

    def test_names_and_networks_outlive_the_engine(self):
        self.network("n1")
        self.up("web", "n1"), self.up("client", "n1")
        before = self.look("n1")
        servers = self.name_servers()
        self.assertEqual(len(servers), 1)
        self.daemon.kill9()
        self.assertEqual(self.name_servers(), servers)
        self.daemon.start()
        self.assertEqual(self.look("n1"), before)
        self.asserts_reach("client", "web")
        self.up("new", "n1")
        self.asserts_reach("client", "new")
        self.assertNotEqual(self.ends("new")["n1"]["IPAddress"], self.ends("web")["n1"]["IPAddress"])
        self.d_ok("rm", "-f", "web", "client", "new")
        wait_until(lambda: not self.name_servers(), 20, "the name server to end with the last container")

    def test_a_name_server_that_was_killed_comes_back(self):
        self.network("n1")
        self.up("web", "n1"), self.up("client", "n1")
        os.kill(self.name_servers()[0], 9)
        wait_until(lambda: self.name_servers(), 20, "another name server")
        self.asserts_reach("client", "web")

    def test_killed_at_any_moment_nothing_is_left(self):
        links, rules = host.links(), host.rules()
        self.network("n1"), self.network("n2", "--ipv6")
        for moment in range(3 if SLOW else 6):
            def busy(n):
                for _ in range(20):
                    if stop.is_set():
                        return
                    self.d("run", "--rm", "--network", f"n{n % 2 + 1}", "-p", "8080", self.base, "true")
            stop = threading.Event()
            threads = [threading.Thread(target=busy, args=(n,)) for n in range(4)]
            for thread in threads:
                thread.start()
            time.sleep(random.uniform(0.3, 1.5))
            self.daemon.kill9()
            stop.set()
            for thread in threads:
                thread.join()
            self.daemon.start()
        self.daemon.remove_all()
        self.d_ok("network", "rm", "n1", "n2")
        wait_until(lambda: not self.name_servers(), 20, "the name server to end")
        wait_until(lambda: host.links() <= links, 20, "links to go")
        self.assertEqual(host.rules() - rules, set())
