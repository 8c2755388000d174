#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>
#include <thread>

#include "runtime/sys/sealed_program.hpp"
#include "tests/runtime/sys/scratch.hpp"

using namespace gantry;

namespace {

/// A file in memory, which somebody has mapped for writing.
struct held_memory {
  sys::unique_fd file{::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  void* mapped = nullptr;
  held_memory() {
    REQUIRE(::ftruncate(file.get(), 4096) == 0);
    mapped = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    REQUIRE(mapped != MAP_FAILED);
  }
};

} // namespace

TEST_CASE("a sealed copy has the program's bytes, and nobody can change it") {
  test::scratch folder;
  folder.make_file("program", std::string(100'000, 'p'));
  const sys::unique_fd program(::open((folder / "program").c_str(), O_RDONLY | O_CLOEXEC));
  const auto copy = sys::sealed_copy(program.get(), "test");
  REQUIRE(copy);
  CHECK(::fcntl(copy->get(), F_GET_SEALS) == sys::all_seals);
  CHECK(::pwrite(copy->get(), "x", 1, 0) == -1);
  CHECK(::ftruncate(copy->get(), 0) == -1);
  ::lseek(copy->get(), 0, SEEK_SET);
  CHECK(sys::read_all(copy->get(), 1 << 20, "copy") == std::string(100'000, 'p'));
}

TEST_CASE("seals wait until nobody writes any more") {
  held_memory memory;
  std::thread writer([&] {
    ::usleep(30'000); // the first attempt comes before that, but nothing depends on it
    ::munmap(memory.mapped, 4096);
  });
  const auto sealed = sys::seal(memory.file.get());
  writer.join();
  CHECK(sealed);
}

TEST_CASE("seals do not wait for ever") {
  held_memory memory;
  const auto sealed = sys::seal(memory.file.get());
  ::munmap(memory.mapped, 4096);
  REQUIRE_FALSE(sealed);
  CHECK(sealed.error().os_errno == EBUSY);
}
