#pragma once

#include <functional>
#include <span>

#include "api/docker/context.hpp"

namespace gantry::docker {

/// As http::handler, with what it works with.
using endpoint = awaitable<result<response>> (*)(context&, const request&, exchange&);

/// A pattern has at most one "*": a name. In images' patterns ("/images/*/json") it may contain slashes.
struct route {
  std::string_view method, pattern;
  endpoint answer;
};

/// Every route there is; the first that fits counts.
std::span<const route> routes();

/// The route of a request, whose `subject` is set from the wildcard. Errors: not_found "page not found".
result<const route*> find_route(std::span<const route> among, request& what);

/// Whether `path` fits; what the wildcard stood for, still escaped.
std::optional<std::string_view> match(std::string_view pattern, std::string_view path);

} // namespace gantry::docker
