#include "store/registry/exchange.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "store/registry/ascii.hpp"
#include "store/registry/challenge.hpp"
#include "store/registry/error_body.hpp"

#ifndef GANTRY_VERSION
#define GANTRY_VERSION "0"
#endif

namespace gantry::store {

namespace {

constexpr std::size_t max_header_bytes = 64u << 10;
constexpr std::size_t max_error_body = 16u << 10;
constexpr long buffer_bytes = 256L << 10;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

} // namespace

exchange::exchange(http_request request, body_receiver body, completion done)
    : request_(std::move(request)), body_(std::move(body)), done_(std::move(done)), easy_(::curl_easy_init()) {
  if (easy_ != nullptr) configure();
}

exchange::~exchange() {
  ::curl_easy_cleanup(easy_);
  ::curl_slist_free_all(headers_);
}

void exchange::configure() {
  for (const auto& header : request_.headers) headers_ = ::curl_slist_append(headers_, header.c_str());
  ::curl_easy_setopt(easy_, CURLOPT_URL, request_.url.c_str());
  ::curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
  ::curl_easy_setopt(easy_, CURLOPT_USERAGENT, "gantry/" GANTRY_VERSION);
  ::curl_easy_setopt(easy_, CURLOPT_PRIVATE, this);
  ::curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, curl_reason_);
  ::curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &exchange::take_header);
  ::curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  ::curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &exchange::take_body);
  ::curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  ::curl_easy_setopt(easy_, CURLOPT_BUFFERSIZE, buffer_bytes);
  // The thread has SIGPIPE blocked, so curl need not touch the process's signals.
  ::curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  // A name that is still being resolved must not hold up a cancellation (CURLOPT_QUICK_EXIT(3)).
  ::curl_easy_setopt(easy_, CURLOPT_QUICK_EXIT, 1L);
  ::curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.connect_timeout.count()));
  ::curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(request_.whole_timeout.count()));
  ::curl_easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  configure_method();
  configure_trust();
}

void exchange::configure_method() {
  if (request_.method == "HEAD") ::curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
  if (request_.method == "POST") {
    ::curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.form.size()));
    ::curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request_.form.c_str());
  }
  if (!request_.body) return;
  ::curl_easy_setopt(easy_, CURLOPT_UPLOAD, 1L); // a PUT
  ::curl_easy_setopt(easy_, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request_.body->size()));
  ::curl_easy_setopt(easy_, CURLOPT_READFUNCTION, &exchange::give_body);
  ::curl_easy_setopt(easy_, CURLOPT_READDATA, this);
  ::curl_easy_setopt(easy_, CURLOPT_SEEKFUNCTION, &exchange::rewind_body);
  ::curl_easy_setopt(easy_, CURLOPT_SEEKDATA, this);
  ::curl_easy_setopt(easy_, CURLOPT_UPLOAD_BUFFERSIZE, buffer_bytes);
}

void exchange::configure_trust() {
  // Redirects are followed by the sender, who knows what may go where.
  ::curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  ::curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  ::curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  ::curl_easy_setopt(easy_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  ::curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, request_.verify_certificate ? 1L : 0L);
  ::curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, request_.verify_certificate ? 2L : 0L);
  if (request_.direct) ::curl_easy_setopt(easy_, CURLOPT_PROXY, "");
}

std::string exchange::reason(CURLcode code) const {
  return printable(curl_reason_[0] != '\0' ? curl_reason_ : ::curl_easy_strerror(code), 300);
}

void exchange::complete(CURLcode code) {
  auto done = std::move(done_);
  if (done) done(code, *this);
}

void exchange::note_header(std::string_view line) {
  if (line.starts_with("HTTP/")) { // also after a 100 Continue or a proxy's answer to CONNECT
    head_ = {};
    ::curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &head_.status);
    return;
  }
  auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  auto name = lowered(line.substr(0, colon));
  auto value = trimmed(line.substr(colon + 1));
  if (name == "content-type") head_.content_type = lowered(trimmed(value.substr(0, value.find(';'))));
  if (name == "location") head_.location = value;
  if (name == "docker-content-digest") head_.content_digest = value;
  if (name == "content-range") head_.content_range = value;
  if (name == "retry-after") head_.retry_after = value;
  if (name == "content-length") head_.length = number_in(value);
  if (name == "www-authenticate" && head_.challenges.size() < max_challenges) head_.challenges.emplace_back(value);
}

std::size_t exchange::give_body(char* into, std::size_t size, std::size_t count, void* self) {
  auto& me = *static_cast<exchange*>(self);
  if (me.activity_) me.activity_(); // there is room in the socket: what was sent before was taken
  auto got = me.request_.body->read(std::span(into, size * count));
  return got ? *got : CURL_READFUNC_ABORT;
}

int exchange::rewind_body(void* self, curl_off_t offset, int origin) {
  auto& body = *static_cast<exchange*>(self)->request_.body;
  bool there = origin == SEEK_SET && offset >= 0 && body.go_to(static_cast<std::uint64_t>(offset));
  return there ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

std::size_t exchange::take_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& me = *static_cast<exchange*>(self);
  me.header_bytes_ += size * count;
  if (me.header_bytes_ > max_header_bytes) {
    me.head_ = {}; // nothing of it counts
    return 0;
  }
  if (me.activity_) me.activity_();
  me.note_header(std::string_view(data, size * count));
  return size * count;
}

std::size_t exchange::take_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& me = *static_cast<exchange*>(self);
  std::span<const char> bytes(data, size * count);
  if (me.activity_) me.activity_();
  if (me.head_.status < 200 || me.head_.status > 299) {
    me.error_body_.append(data, std::min(bytes.size(), max_error_body - me.error_body_.size()));
    return me.error_body_.size() < max_error_body ? bytes.size() : CURL_WRITEFUNC_ERROR;
  }
  switch (me.body_(me.head_, bytes)) {
  case taken::all:
    return bytes.size();
  case taken::pause:
    return CURL_WRITEFUNC_PAUSE;
  case taken::stop:
    break;
  }
  return CURL_WRITEFUNC_ERROR;
}

} // namespace gantry::store
