#pragma once

#include "api/docker/context.hpp"
#include "api/docker/reply.hpp"

namespace gantry::docker::endpoints {

/// The container that a request names. Errors: not_found in dockerd's words; failed_precondition while it is being
/// created.
awaitable<result<found_container>> find(context& door, std::string name);

/// The table of all containers, newest first.
awaitable<result<container_table_ptr>> table_of(context& door);

/// The networks of a found container's sandbox, from the table.
std::vector<network_endpoint> endpoints_of(const container_table& table, const key& name);

/// Asks a container's actor. One that has ended since it was found is not there any more: not_found.
template<class Reply, class Handle, class Request>
awaitable<result<Reply>> ask_found(context& door, const found_container& whom, const Handle& to, Request what,
                                   std::chrono::seconds within_time) {
  auto got = co_await ask<Reply>(door, to, std::move(what), within_time);
  if (got || got.error().code != errc::unavailable) co_return got;
  auto still_there = co_await find(door, whom.name.id);
  if (!still_there && still_there.error().code == errc::not_found) co_return tl::unexpected<error>(still_there.error());
  co_return got;
}

/// Finds the container that the request names, asks its supervisor and answers 204.
template<class Request>
awaitable<result<response>> ask_named(context& door, const request& what, Request message,
                                      std::chrono::seconds within_time) {
  auto found = co_await find(door, what.subject);
  if (!found) co_return tl::unexpected<error>(found.error());
  auto got = co_await ask_found<done>(door, *found, found->container, std::move(message), within_time);
  if (!got) co_return tl::unexpected<error>(got.error());
  co_return empty_response();
}

/// The wall clock.
unix_nanos now();

} // namespace gantry::docker::endpoints
