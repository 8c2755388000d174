#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "messages/domain/error.hpp"

namespace gantry::http {

namespace asio = boost::asio;
using asio::awaitable;
using asio::use_awaitable;

/// Awaits an asio operation whose error code is looked at rather than thrown.
inline constexpr auto as_tuple = asio::as_tuple(use_awaitable);

} // namespace gantry::http

/// GANTRY_TRY and GANTRY_LET for functions that are coroutines.
#define GANTRY_CO_TRY(expression)                                                                                      \
  do {                                                                                                                 \
    if (auto gantry_try_ = (expression); !gantry_try_)                                                                 \
      co_return tl::unexpected<::gantry::error>(std::move(gantry_try_.error()));                                       \
  } while (false)

#define GANTRY_CO_LET(declaration, expression)                                                                         \
  auto GANTRY_CONCAT(gantry_let_, __LINE__) = (expression);                                                            \
  if (!GANTRY_CONCAT(gantry_let_, __LINE__))                                                                           \
    co_return tl::unexpected<::gantry::error>(std::move(GANTRY_CONCAT(gantry_let_, __LINE__).error()));                \
  declaration = std::move(*GANTRY_CONCAT(gantry_let_, __LINE__))
