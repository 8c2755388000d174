#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "messages/domain/error.hpp"

/// HTTP as sites see it: plain values, nothing of the library that parses it. Pure functions, any thread.
namespace gantry::http {

using header_list = std::vector<std::pair<std::string, std::string>>;

/// A query's parameters. Where a name occurs more than once, `get` is the first, as in Go's url.Values.
class query {
public:
  /// Of the part after "?". Errors: invalid_argument for a broken escape or more than 256 parameters.
  static result<query> parse(std::string_view text);

  [[nodiscard]] std::string get(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const;
  /// dockerd's httputils.BoolValue: "", 0, no, false and none are false, in any case; anything else is true.
  [[nodiscard]] bool flag(std::string_view name, bool absent = false) const;
  /// Errors: invalid_argument naming the parameter.
  [[nodiscard]] result<std::optional<std::int64_t>> number(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> all(std::string_view name) const;

private:
  std::vector<std::pair<std::string, std::string>> values_;
};

/// One request, whole.
struct request {
  std::string method;
  std::string path; ///< without the query; still escaped
  query parameters;
  header_list headers;
  std::string body;           ///< empty when it is streamed
  bool streams_body = false;  ///< the site's: its handler reads the body itself, with exchange::read_body
  std::string client;         ///< who asks, for fairness: "uid/pid" of the socket's other end, or its IP address
  std::string subject;        ///< the site's: what in the path is a name, unescaped: a container's, an image's
  bool wants_upgrade = false; ///< Connection: Upgrade was sent
  int api_minor = 0;          ///< the site's: 47 when the path began with v1.47

  [[nodiscard]] std::string header(std::string_view name) const; ///< in any case; empty when absent
};

struct response {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  header_list headers;
};

/// Percent-decodes. With `plus`, "+" is a space. Errors: invalid_argument.
enum class plus_sign { literal, space };
result<std::string> unescape(std::string_view text, plus_sign plus);

/// How the end of a body is told.
enum class framing { length, chunked, until_close, none };

/// The head of a response as it goes over the wire; `always` are headers that its site sends with each.
std::string render_head(const response& what, const header_list& always, framing how, bool keep_alive, int http_minor);

/// The standard phrase of a status, "OK".
std::string_view reason_of(int status);

} // namespace gantry::http
