#include "runtime/network/cni/version.hpp"

#include <algorithm>
#include <array>

namespace gantry::network::cni {
namespace {

constexpr std::array<std::string_view, 7> texts = {"0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"};

} // namespace

std::optional<spec_version> version_of(std::string_view text) {
  const auto* const found = std::find(texts.begin(), texts.end(), text);
  if (found == texts.end()) return std::nullopt;
  return static_cast<spec_version>(found - texts.begin());
}

std::string_view to_string(spec_version version) { return texts.at(static_cast<std::size_t>(version)); }

} // namespace gantry::network::cni
