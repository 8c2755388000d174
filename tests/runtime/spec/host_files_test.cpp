#include "tests/catch.hpp"

#include "runtime/spec/host_files.hpp"

using namespace gantry;
using gantry::test::contains;

TEST_CASE("/etc/hosts names the container and the extra hosts") {
  spec::hosts_input in;
  in.hostname = "box";
  in.domainname = "example.org";
  in.addresses = {"172.29.0.2"};
  in.extra_hosts = {"db:10.0.0.1", "gw:host-gateway", "six:[fe80::1]", "six=fe80::2"};
  in.host_gateway = "172.29.0.1";
  const auto text = spec::hosts_file(in);
  REQUIRE(text);
  CHECK_THAT(*text, contains("127.0.0.1\tlocalhost\n"));
  CHECK_THAT(*text, contains("172.29.0.2\tbox.example.org box\n"));
  CHECK_THAT(*text, contains("10.0.0.1\tdb\n172.29.0.1\tgw\nfe80::1\tsix\nfe80::2\tsix\n"));
  in.extra_hosts = {"db:ten"};
  CHECK_THAT(spec::hosts_file(in).error().message, contains("NAME:ADDRESS"));
  in.extra_hosts = {"a b:10.0.0.1"};
  CHECK_FALSE(spec::hosts_file(in));
  in.extra_hosts = {"gw:host-gateway"};
  in.host_gateway.clear();
  CHECK_FALSE(spec::hosts_file(in));
}

TEST_CASE("resolvers that a container cannot reach are replaced") {
  spec::resolver_input in;
  in.host_content =
      "# comment\nnameserver 127.0.0.53\nnameserver 10.0.0.2 \nsearch a.org\nsearch b.org c.org\noptions edns0\n";
  CHECK(spec::resolv_conf(in) == "nameserver 10.0.0.2\nsearch b.org c.org\noptions edns0\n");
  in.host_content = "nameserver 127.0.0.1\nnameserver ::1\n";
  CHECK(spec::resolv_conf(in) == "nameserver 8.8.8.8\nnameserver 8.8.4.4\n");
  in.host_network = true;
  CHECK(spec::resolv_conf(in) == "nameserver 127.0.0.1\nnameserver ::1\n");
  in.servers = {"1.1.1.1"};
  in.search = {"."};
  in.options = {"ndots:2"};
  CHECK(spec::resolv_conf(in) == "nameserver 1.1.1.1\noptions ndots:2\n");
  in.servers = {"one.one"};
  CHECK_THAT(spec::resolv_conf(in).error().message, contains("not an ip address"));
  in.servers = {"1.1.1.1"};
  in.options = {"x\nnameserver 6.6.6.6"};
  CHECK_FALSE(spec::resolv_conf(in));
}
