#include "store/registry/endpoint.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>

#include <memory>

#include "store/registry/ascii.hpp"
#include "store/registry/error_body.hpp"

namespace gantry::store {

namespace {

struct url_deleter {
  void operator()(CURLU* url) const { ::curl_url_cleanup(url); }
};
struct text_deleter {
  void operator()(char* text) const { ::curl_free(text); }
};
using url_handle = std::unique_ptr<CURLU, url_deleter>;

result<url_handle> parse_url(const std::string& text) {
  url_handle url(::curl_url());
  auto unfit = std::any_of(text.begin(), text.end(), [](unsigned char c) { return c <= 0x20 || c >= 0x7f; });
  if (unfit || text.size() > 8192 || ::curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK)
    return fail(errc::invalid_argument, "not a URL: {}", printable(text, 200));
  return url;
}

std::string part_of(const url_handle& url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (::curl_url_get(url.get(), part, &text, flags) != CURLUE_OK) return {};
  return std::unique_ptr<char, text_deleter>(text).get();
}

/// Without the port; an IPv6 address without its brackets.
std::string_view host_of(std::string_view domain) {
  if (domain.starts_with('[')) return domain.substr(1, domain.find(']') - 1);
  return domain.substr(0, domain.find(':'));
}

std::string percent_encode(const std::string& text) {
  std::unique_ptr<char, text_deleter> encoded(
      ::curl_easy_escape(nullptr, text.data(), static_cast<int>(std::min<std::size_t>(text.size(), 1u << 20))));
  return encoded ? encoded.get() : std::string();
}

} // namespace

result<origin> origin_of(const std::string& url) {
  GANTRY_LET(auto parsed, parse_url(url));
  origin found{part_of(parsed, CURLUPART_SCHEME), lowered(part_of(parsed, CURLUPART_HOST)),
               part_of(parsed, CURLUPART_PORT, CURLU_DEFAULT_PORT)};
  if (found.scheme != "https" && found.scheme != "http")
    return fail(errc::invalid_argument, "{}: neither https nor http", printable(url, 200));
  if (!part_of(parsed, CURLUPART_USER).empty() || !part_of(parsed, CURLUPART_PASSWORD).empty())
    return fail(errc::invalid_argument, "a URL with a user or password in it, to host {}", found.host);
  return found;
}

result<std::string> resolve_url(const std::string& base, const std::string& location) {
  GANTRY_LET(auto url, parse_url(base));
  auto unfit = std::any_of(location.begin(), location.end(), [](unsigned char c) { return c <= 0x20 || c == 0x7f; });
  if (location.empty() || unfit || location.size() > 8192 ||
      ::curl_url_set(url.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK)
    return fail(errc::invalid_argument, "a redirect to what is not a URL: \"{}\"", printable(location, 200));
  return part_of(url, CURLUPART_URL);
}

std::string encode_form(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string form;
  for (const auto& [name, value] : fields) {
    if (!form.empty()) form += '&';
    form += percent_encode(name) + '=' + percent_encode(value);
  }
  return form;
}

result<std::string> add_query(const std::string& url,
                              const std::vector<std::pair<std::string, std::string>>& parameters) {
  GANTRY_LET(auto parsed, parse_url(url));
  if (::curl_url_set(parsed.get(), CURLUPART_QUERY, encode_form(parameters).c_str(), CURLU_APPENDQUERY) != CURLUE_OK)
    return fail(errc::invalid_argument, "not a URL: {}", printable(url, 200));
  return part_of(parsed, CURLUPART_URL);
}

// Only literal addresses: a name that merely resolves to 127.0.0.1 is whatever DNS says.
bool is_loopback(std::string_view domain) {
  std::string host(host_of(domain));
  if (lowered(host) == "localhost") return true;
  in_addr v4{};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return ::inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool endpoints::may_be_plain(std::string_view domain) const {
  if (is_loopback(domain)) return true;
  return std::any_of(insecure_.begin(), insecure_.end(), [&](const std::string& named) {
    return named == domain || (host_of(named) == host_of(domain) && named.find(':') == std::string::npos);
  });
}

std::string endpoints::base_url(const std::string& domain) const {
  if (domain == "docker.io" || domain == "index.docker.io") return "https://registry-1.docker.io";
  return (plain_.contains(domain) ? "http://" : "https://") + domain;
}

bool endpoints::fall_back_to_plain(const std::string& domain) {
  return may_be_plain(domain) && plain_.emplace(domain, true).second;
}

result<void> endpoints::may_redirect(const origin& from, const origin& to) const {
  if (to.scheme == "https") return {};
  if (from.scheme == "https")
    return fail(errc::denied, "the registry redirects from https to plain http at {}, which could be read on the way",
                to.host);
  if (may_be_plain(to.host + ":" + to.port) || may_be_plain(to.host)) return {};
  return fail(errc::denied, "the registry redirects to plain http at {}, which is not among the insecure registries",
              to.host);
}

} // namespace gantry::store
