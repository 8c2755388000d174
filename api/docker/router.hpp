#pragma once

#include <functional>
#include <span>

#include "api/docker/context.hpp"

namespace gantry::docker {

/// As http::handler, with what it works with.
using endpoint = awaitable<result<response>> (*)(context&, const request&, exchange&);

/// Who reads a request's body: it is there as a whole, or the endpoint reads it as it comes (exchange::read_body).
enum class body_is : bool { whole, streamed };

/// A pattern has at most one "*": a name, which may contain slashes: an image's does, and who asks for a container by
/// such a one is told that there is none, as by dockerd.
struct route {
  std::string_view method, pattern;
  endpoint answer;
  body_is body = body_is::whole;
};

/// Every route there is; the first that fits counts.
std::span<const route> routes();

/// The route of a request, whose `subject` is set from the wildcard. Errors: not_found "page not found".
result<const route*> find_route(std::span<const route> among, request& what);

/// Whether `path` fits; what the wildcard stood for, still escaped.
std::optional<std::string_view> match(std::string_view pattern, std::string_view path);

} // namespace gantry::docker
