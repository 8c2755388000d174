#include "runtime/cdi/registry.hpp"

#include <unistd.h>

#include "runtime/sys/files.hpp"
#include "tests/catch.hpp"
#include "tests/runtime/sys/scratch.hpp"

using namespace gantry;
using namespace gantry::cdi;
using gantry::test::contains;
using words = std::vector<std::string>;

namespace {

std::string file_of(const std::string& kind, const words& devices, const std::string& value = "1") {
  std::string list;
  for (const auto& name : devices)
    list += fmt::format(R"({}{{"name":"{}","containerEdits":{{"env":["{}={}"]}}}})", list.empty() ? "" : ",", name,
                        name, value);
  return fmt::format(R"({{"cdiVersion":"0.6.0","kind":"{}","containerEdits":{{"env":["ALL={}"]}},"devices":[{}]}})",
                     kind, value, list);
}

/// Two folders, the second over the first.
struct folders {
  test::scratch at;
  std::string low = at / "low", high = at / "high";
  registry known{{low + "/", high, at / "missing"}};

  folders() {
    at.make_directory("low");
    at.make_directory("high");
  }

  static void write(const std::string& path, const std::string& text) { REQUIRE(sys::write_file(path, text)); }
  words env(const words& names) {
    auto found = known.find(names);
    return found ? found->env : words{found.error().message};
  }
};

} // namespace

TEST_CASE("devices are found by their names, and what is for all of a file comes once, before its devices") {
  folders f;
  f.write(f.low + "/a.json", file_of("v.com/c", {"one", "two"}));
  f.write(f.high + "/b.yaml", "cdiVersion: 0.5.0\nkind: w.com/c\ndevices: [{name: 3, containerEdits: {env: [B=2]}}]\n");
  CHECK(f.known.list().names == words{"v.com/c=one", "v.com/c=two", "w.com/c=3"});
  CHECK(f.known.list().warnings.empty());
  CHECK(f.env({"v.com/c=two", "w.com/c=3", "v.com/c=one"}) == words{"ALL=1", "two=1", "B=2", "one=1"});
  CHECK(f.env({}) == words{});
}

TEST_CASE("what a later folder says of a device stands over an earlier one") {
  folders f;
  f.write(f.low + "/a.json", file_of("v.com/c", {"one", "two"}, "low"));
  f.write(f.high + "/a.json", file_of("v.com/c", {"one"}, "high"));
  CHECK(f.env({"v.com/c=one"}) == words{"ALL=high", "one=high"});
  CHECK(f.env({"v.com/c=two"}) == words{"ALL=low", "two=low"});
  CHECK(f.known.list().warnings.empty());
}

TEST_CASE("two files of a folder that have the same device are a conflict, unless a later folder settles it") {
  folders f;
  f.write(f.low + "/a.json", file_of("v.com/c", {"one", "two"}));
  f.write(f.low + "/b.json", file_of("v.com/c", {"one"}));
  CHECK(f.known.list().names == words{"v.com/c=two"});
  CHECK(f.known.list().warnings.size() == 1);
  const auto refused = f.env({"v.com/c=two", "v.com/c=one"}).front();
  for (const auto* word : {"v.com/c=one", "/low/a.json", "/low/b.json"}) CHECK_THAT(refused, contains(word));
  f.write(f.high + "/c.json", file_of("v.com/c", {"one"}, "high"));
  CHECK(f.env({"v.com/c=one"}) == words{"ALL=high", "one=high"});
}

TEST_CASE("a device that is not known: the error names it, the folders, and files that were not understood") {
  folders f;
  f.write(f.low + "/good.json", file_of("v.com/c", {"one"}));
  f.write(f.low + "/bad.json", R"({"cdiVersion":"9.0.0"})");
  const auto refused = f.env({"v.com/c=one", "v.com/c=none"}).front();
  for (const auto* word : {"v.com/c=none", "/low", "/high", "/missing", "/low/bad.json"})
    CHECK_THAT(refused, contains(word));
  CHECK_THAT(f.known.list().warnings.at(0), contains("/low/bad.json"));
  CHECK_THAT(f.env({"nonsense"}).front(), contains("nonsense"));
  registry none({});
  CHECK_THAT(none.find({"v.com/c=one"}).error().message, contains("cdi_spec_dirs"));
}

TEST_CASE("files that change, come and go are noticed; those that are no specs are not looked at") {
  folders f;
  f.write(f.low + "/a.json", file_of("v.com/c", {"one"}, "before"));
  f.write(f.low + "/a.txt", "nonsense");
  f.write(f.low + "/.json.tmp", "nonsense");
  REQUIRE(::mkfifo((f.low + "/fifo.json").c_str(), 0600) == 0);
  CHECK(f.env({"v.com/c=one"}) == words{"ALL=before", "one=before"});
  f.write(f.low + "/new", file_of("v.com/c", {"one"}, "later!"));
  REQUIRE(::rename((f.low + "/new").c_str(), (f.low + "/a.json").c_str()) == 0);
  CHECK(f.env({"v.com/c=one"}) == words{"ALL=later!", "one=later!"});
  CHECK(f.known.list().warnings.empty());
  REQUIRE(::unlink((f.low + "/a.json").c_str()) == 0);
  CHECK(f.known.list().names.empty());
}

TEST_CASE("intelRdt is refused by name, for the device that asks for it") {
  folders f;
  f.write(f.low + "/a.json", R"({"cdiVersion":"0.7.0","kind":"v.com/c","devices":[
    {"name":"rdt","containerEdits":{"intelRdt":{"closID":"x"}}},{"name":"plain","containerEdits":{"env":["A=1"]}}]})");
  CHECK(f.env({"v.com/c=plain"}) == words{"A=1"});
  const auto refused = f.env({"v.com/c=rdt"}).front();
  for (const auto* word : {"v.com/c=rdt", "intelRdt", "/low/a.json"}) CHECK_THAT(refused, contains(word));
}
