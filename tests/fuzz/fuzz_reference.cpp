// Any text: a reference that parses is canonical, so its parts can be put into a URL and parse to the same again.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "messages/domain/platform.hpp"
#include "messages/domain/reference.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto parsed = gantry::reference::parse(text)) {
    auto again = gantry::reference::parse(parsed->str());
    if (!again || *again != *parsed) std::abort();
    auto escapes = parsed->name().find_first_of(" %?#\\\n") != std::string::npos;
    if (escapes || parsed->target().empty() || parsed->target().find('/') != std::string::npos) std::abort();
  }
  if (auto parsed = gantry::digest::parse(text); parsed && parsed->str() != text) std::abort();
  if (auto parsed = gantry::platform::parse(text)) {
    auto again = gantry::platform::parse(parsed->str());
    if (!again || *again != *parsed || gantry::match(*parsed, *again) < 0) std::abort();
  }
  return 0;
}
