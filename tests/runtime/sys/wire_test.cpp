#include "runtime/sys/wire.hpp"

#include "tests/catch.hpp"

using namespace gantry;
using sys::wire_reader;
using sys::wire_writer;

TEST_CASE("what was packed is unpacked the same") {
  wire_writer writer;
  writer.put(std::uint8_t{7}).put(std::int64_t{-1}).put("text").put(std::vector<std::string>{"", "b"}).put(true);
  auto bytes = writer.take();
  wire_reader reader(bytes);
  CHECK(reader.read<std::uint8_t>() == 7);
  CHECK(reader.read<std::int64_t>() == -1);
  CHECK(reader.read<std::string>() == "text");
  CHECK(reader.read<std::vector<std::string>>() == std::vector<std::string>{"", "b"});
  CHECK(reader.read<bool>());
  CHECK(reader.done());
}

TEST_CASE("bytes cut off anywhere are noticed and read as empty") {
  auto bytes = wire_writer().put(std::uint32_t{1}).put("text").put(std::vector<std::uint64_t>{1, 2}).take();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    wire_reader reader(std::string_view(bytes).substr(0, size));
    (void)reader.read<std::uint32_t>();
    (void)reader.read<std::string>();
    (void)reader.read<std::vector<std::uint64_t>>();
    CHECK_FALSE(reader.ok());
    CHECK(reader.read<std::uint64_t>() == 0);
  }
}

TEST_CASE("a hostile count allocates nothing, and any byte is a bool") {
  std::string bytes(4, '\xff');
  CHECK(wire_reader(bytes).read<std::string>().empty());
  CHECK(wire_reader(bytes).read<std::vector<std::uint64_t>>().empty());
  CHECK(wire_reader(bytes).read<bool>());
}
