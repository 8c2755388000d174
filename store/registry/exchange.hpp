#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "messages/domain/error.hpp"

namespace gantry::store {

/// What a request carries. Read on the loop's thread; it may go back when a connection has to be made anew.
class request_body {
public:
  virtual ~request_body() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// The next bytes; 0 at the end, nothing when they cannot be read.
  virtual std::optional<std::size_t> read(std::span<char> into) = 0;
  virtual bool go_to(std::uint64_t offset) = 0;
};

inline constexpr unsigned max_redirects = 5; ///< that a sender follows for one request

/// One HTTP request, to be sent as it is: redirects and authentication are their sender's business.
struct http_request {
  std::string url;
  std::vector<std::string> headers;   ///< "Name: value", checked by whoever made them
  std::string method = "GET";         ///< GET, HEAD, POST or PUT
  std::string form;                   ///< the body of a POST
  std::shared_ptr<request_body> body; ///< of a PUT
  bool verify_certificate = true;
  bool direct = false; ///< past any proxy
  std::chrono::milliseconds connect_timeout{30000};
  std::chrono::milliseconds whole_timeout{0}; ///< 0: none
};

/// What a response says before its body.
struct response_head {
  long status = 0;
  std::string content_type; ///< lower case, parameters cut off
  std::string location;
  std::string content_digest; ///< Docker-Content-Digest
  std::string content_range;
  std::string retry_after;
  std::vector<std::string> challenges; ///< each WWW-Authenticate, at most max_challenges
  std::optional<std::uint64_t> length;
};

/// What the receiver of a body's bytes made of them.
enum class taken : std::uint8_t {
  all,   ///< go on
  pause, ///< none of them: give the same ones again after resume()
  stop,  ///< enough: end the exchange
};

/// One request and its response on a curl handle. Lives on the loop's thread. The body of a 2xx goes to the receiver;
/// the first 16 KiB of any other are kept for an error's text. More than 64 KiB of headers end it.
class exchange {
public:
  using body_receiver = std::function<taken(const response_head&, std::span<const char>)>;
  using completion = std::function<void(CURLcode, exchange&)>;

  exchange(http_request request, body_receiver body, completion done);
  exchange(const exchange&) = delete;
  exchange& operator=(const exchange&) = delete;
  ~exchange();

  [[nodiscard]] CURL* handle() const { return easy_; }
  [[nodiscard]] const http_request& request() const { return request_; }
  [[nodiscard]] const response_head& head() const { return head_; }
  [[nodiscard]] const std::string& error_body() const { return error_body_; }
  /// curl's words for what went wrong.
  [[nodiscard]] std::string reason(CURLcode code) const;
  /// Tells the sender. The exchange may be gone when it returns.
  void complete(CURLcode code);
  /// Called for any sign of life from the other side.
  void on_activity(std::function<void()> activity) { activity_ = std::move(activity); }

private:
  void configure();
  void configure_trust();
  void note_header(std::string_view line);
  static std::size_t take_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t take_body(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t give_body(char* into, std::size_t size, std::size_t count, void* self);
  static int rewind_body(void* self, curl_off_t offset, int origin);
  void configure_method();

  http_request request_;
  body_receiver body_;
  completion done_;
  std::function<void()> activity_;
  CURL* easy_;
  curl_slist* headers_ = nullptr;
  response_head head_;
  std::size_t header_bytes_ = 0;
  std::string error_body_;
  char curl_reason_[CURL_ERROR_SIZE] = "";
};

} // namespace gantry::store
