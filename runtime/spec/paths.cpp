#include "runtime/spec/paths.hpp"

#include <algorithm>

namespace gantry::spec {

std::string clean_path(std::string_view path) {
  std::string clean;
  while (!path.empty()) {
    const auto part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      clean.resize(clean.empty() ? 0 : clean.rfind('/'));
      continue;
    }
    clean.append("/").append(part);
  }
  return clean.empty() ? "/" : clean;
}

std::size_t depth_of(std::string_view clean) {
  return clean == "/" ? 0 : static_cast<std::size_t>(std::count(clean.begin(), clean.end(), '/'));
}

result<void> check_text(std::string_view text, std::string_view what) {
  if (text.find('\0') != std::string_view::npos)
    return fail(errc::invalid_argument, "{} has a NUL byte in it: leave it out", what);
  return {};
}

result<void> check_texts(const std::vector<std::string>& list, std::string_view what) {
  for (const auto& text : list) GANTRY_TRY(check_text(text, what));
  return {};
}

} // namespace gantry::spec
