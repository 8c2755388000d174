// A SPDY/3.1 connection as a client might speak it, cut where the first byte says.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/cri/streaming/spdy/session.hpp"

using namespace gantry;
using namespace gantry::cri;

namespace {

struct answer {
  spdy::session& server;
  void operator()(const spdy::session::opened& what) { server.accept(what.id); }
  void operator()(const spdy::session::received& what) { server.send(what.id, what.bytes); }
  void operator()(const spdy::session::ended& what) { server.finish(what.id); }
  void operator()(const spdy::session::reset& what) {
    if (server.is_open(what.id)) std::abort();
  }
  void operator()(const spdy::session::going_away&) {}
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  spdy::session server(4);
  for (std::size_t step = data[0] + std::size_t{1}; !bytes.empty();) {
    auto part = bytes.substr(0, step);
    bytes.remove_prefix(part.size());
    server.add(part);
    auto next = server.next();
    for (; next && *next; next = server.next()) std::visit(answer{server}, **next);
    if (server.open_streams() > 4) std::abort();
    // What is sent is bounded by what came: a reply is 8 + 4 + a block of about 20 bytes, a reset 16.
    if (server.take_output().size() > 64 + 8 * part.size() + (64u << 10)) std::abort();
    if (!next) return 0;
  }
  return 0;
}
