#include "runtime/stream/pipe.hpp"

#include <thread>

#include "tests/catch.hpp"

namespace {

using namespace gantry;

TEST_CASE("a pipe holds no more than its capacity, and says when there is room again") {
  stream::pipe pipe;
  int changes = 0;
  pipe.on_change([&] { ++changes; });
  std::string much(stream::pipe::capacity + 5, 'x');
  CHECK(pipe.write_some(much).value() == stream::pipe::capacity);
  CHECK(pipe.write_some(much).value() == 0);
  CHECK(changes == 1);
  std::string some(10, ' ');
  CHECK(pipe.read(some).value() == 10);
  CHECK(changes == 2);
  CHECK(pipe.write_some(much).value() == 10);
}

TEST_CASE("bytes come out of a pipe as they went in, from a thread to another") {
  stream::pipe pipe;
  std::string sent;
  for (int i = 0; i < 700'000; ++i) sent += static_cast<char>(i * 31 >> 3);
  sent += sent;
  bool blocking_reader = GENERATE(true, false);
  std::thread writer([&] {
    if (blocking_reader)
      for (std::string_view left = sent; !left.empty();) left.remove_prefix(pipe.write_some(left).value());
    else
      (void)pipe.write(sent);
    pipe.finish();
  });
  std::string got, piece(30'011, ' ');
  if (blocking_reader)
    for (std::size_t size = 1; (size = pipe.read(piece).value()) > 0;) got.append(piece, 0, size);
  else
    for (auto some = pipe.read_some().value(); some; some = pipe.read_some().value()) got += *some;
  writer.join();
  CHECK(got == sent);
}

TEST_CASE("a failure ends both sides of a pipe: the writer at once, the reader after what was written") {
  stream::pipe pipe;
  (void)pipe.write_some("abc");
  pipe.fail({errc::cancelled, "enough", 0});
  pipe.fail({errc::internal, "too late", 0});
  CHECK(pipe.write("d").error().message == "enough");
  CHECK(pipe.read_some().value() == "abc");
  CHECK(pipe.read_some().error().code == errc::cancelled);
  std::string piece(1, ' ');
  CHECK(pipe.read(piece).error().message == "enough");
}

TEST_CASE("a failure wakes who waits for bytes or for room") {
  stream::pipe pipe;
  std::thread waiter([&] {
    std::string piece(1, ' ');
    CHECK_FALSE(pipe.read(piece));
  });
  pipe.fail({errc::cancelled, "enough", 0});
  waiter.join();
}

} // namespace
