#include "tools/gantry/commands/pull_image.hpp"

#include <cstdlib>

#include "messages/domain/reference.hpp"
#include "runtime/sys/files.hpp"
#include "tools/gantry/stream/lines.hpp"
#include "tools/gantry/terminal/progress.hpp"
#include "tools/gantry/terminal/terminal.hpp"

namespace gantry::cli {

namespace {

std::string base64url(std::string_view bytes) {
  static constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    auto count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) text += k <= count ? digits[group >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

std::string decoded_base64(std::string_view text) {
  static constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t group = 0;
  int bits = 0;
  for (auto c : text) {
    auto digit = digits.find(c);
    if (digit == std::string_view::npos) break;
    group = (group << 6 | static_cast<std::uint32_t>(digit)) & 0xffffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(group >> bits & 0xff);
  }
  return bytes;
}

std::string docker_config_path() {
  if (const auto* folder = std::getenv("DOCKER_CONFIG")) return std::string(folder) + "/config.json";
  const auto* home = std::getenv("HOME");
  return std::string(home ? home : "/root") + "/.docker/config.json";
}

/// X-Registry-Auth for a registry that `docker login` knows (Engine API, "Authentication"); empty for none.
/// The user's file is read here: the daemon may run as another user.
std::string credentials_for(const std::string& domain) {
  auto content = sys::read_file(docker_config_path(), 1 << 20);
  if (!content) return {};
  auto config = json::parse(*content, nullptr, false);
  if (!config.is_object() || !config.contains("auths") || !config["auths"].is_object()) return {};
  auto key = domain == "docker.io" ? std::string("https://index.docker.io/v1/") : domain;
  auto found = config["auths"].find(key);
  if (found == config["auths"].end()) return {};
  auto pair = decoded_base64(text(*found, "auth"));
  auto colon = pair.find(':');
  if (colon == std::string::npos) return {};
  json auth{{"username", pair.substr(0, colon)}, {"password", pair.substr(colon + 1)}, {"serveraddress", key}};
  return base64url(to_line(auth));
}

http::request request_for(const pull_request& what, const reference& image) {
  std::string target = "/images/create";
  http::add_query(target, "fromImage", image.name());
  if (!what.all_tags) http::add_query(target, "tag", image.target());
  if (!what.platform.empty()) http::add_query(target, "platform", what.platform);
  http::request ask{.method = "POST", .target = std::move(target)};
  if (auto auth = credentials_for(image.domain); !auth.empty())
    ask.headers.emplace_back("X-Registry-Auth", std::move(auth));
  return ask;
}

} // namespace

result<void> pull_image(context& with, const pull_request& what, std::ostream& to, bool is_terminal) {
  GANTRY_LET(auto image, reference::parse(what.image));
  GANTRY_LET(auto answer, with.api.open(request_for(what, image)));
  auto size = window_size_of(with.io.out_fd).value_or(window_size{24, 80});
  progress_display display(to, is_terminal ? progress_display::surface::terminal : progress_display::surface::plain,
                           size.columns);
  json_lines documents(answer);
  for (;;) {
    GANTRY_LET(auto document, documents.next());
    if (document.is_discarded()) return {};
    if (what.quiet && !document.contains("error")) continue;
    GANTRY_TRY(display.show(document));
  }
}

} // namespace gantry::cli
