#pragma once

#include <functional>

#include "api/http/exchange.hpp"

namespace gantry::http {

/// Answers a request. It returns the whole response, unless it has begun a stream on the exchange: then what it returns
/// is not looked at. The arguments live until it ends.
using handler = std::function<awaitable<result<response>>(const request&, exchange&)>;

/// What a server serves: paths, and errors in the words of their protocol. The server's thread alone.
class site {
public:
  virtual ~site() = default;

  /// Who answers a request of which only the head is there: what nobody will answer is refused before its body is read,
  /// as an image or a build context may be large. May take the path apart, into `subject` and `api_minor`, and say
  /// `streams_body`.
  virtual result<handler> find(request& what) = 0;

  /// Sent with each response.
  [[nodiscard]] virtual const header_list& headers() const = 0;
  [[nodiscard]] virtual response refusal(const error& why) const = 0;
  /// Of what HTTP itself refuses: 400, 413, 431, 503.
  [[nodiscard]] virtual response refusal(int status, std::string_view why) const = 0;
};

} // namespace gantry::http
