#include "api/docker/router.hpp"

namespace gantry::docker {

std::optional<std::string_view> match(std::string_view pattern, std::string_view path) {
  auto star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == path ? std::optional<std::string_view>("") : std::nullopt;
  auto before = pattern.substr(0, star), after = pattern.substr(star + 1);
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) || !path.ends_with(after))
    return std::nullopt;
  return path.substr(before.size(), path.size() - before.size() - after.size());
}

result<const route*> find_route(std::span<const route> among, request& what) {
  // HEAD is answered as GET is, without the body, except where a route of its own says more.
  for (auto method : {std::string_view(what.method), std::string_view(what.method == "HEAD" ? "GET" : "")})
    for (const auto& candidate : among) {
      if (candidate.method != method) continue;
      auto subject = match(candidate.pattern, what.path);
      if (!subject) continue;
      GANTRY_LET(what.subject, unescape(*subject, plus_sign::literal));
      return &candidate;
    }
  return fail(errc::not_found, "page not found");
}

} // namespace gantry::docker
