#include "runtime/spec/host_files.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "runtime/sys/files.hpp"

namespace gantry::spec {
namespace {

constexpr std::size_t max_servers = 16, max_words = 64, max_extra_hosts = 4096;

bool is_address(const std::string& text) {
  // A zone ("fe80::1%eth0") is allowed behind an IPv6 address (resolv.conf(5)).
  const auto bare = text.substr(0, text.find('%'));
  std::array<unsigned char, sizeof(in6_addr)> raw{};
  return ::inet_pton(AF_INET, bare.c_str(), raw.data()) == 1 || ::inet_pton(AF_INET6, bare.c_str(), raw.data()) == 1;
}

bool is_loopback(const std::string& address) { return address.starts_with("127.") || address == "::1"; }

/// No line breaks or blanks: one word of a file that is read by lines and words.
bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= 253 && std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '#';
  });
}

/// The words behind `keyword`, of all its lines ("nameserver", "options") or the last one ("search": it overrides).
enum class lines { all, last };
std::vector<std::string> words_behind(const std::string& content, std::string_view keyword, lines which) {
  std::vector<std::string> words;
  std::istringstream in(content);
  for (std::string line; std::getline(in, line);) {
    std::istringstream parts(line.substr(0, line.find_first_of("#;")));
    std::string word;
    if (!(parts >> word) || word != keyword) continue;
    if (which == lines::last) words.clear();
    while (parts >> word && words.size() < max_words) words.push_back(word);
  }
  return words;
}

result<void> check_words(const std::vector<std::string>& words, std::string_view option) {
  for (const auto& word : words)
    if (!is_word(word)) return fail(errc::invalid_argument, "{} is not a valid {}", word.substr(0, 64), option);
  return {};
}

result<std::vector<std::string>> choose_servers(const resolver_input& input) {
  for (const auto& server : input.servers)
    if (!is_address(server) || !is_word(server))
      return fail(errc::invalid_argument, "{} is not an ip address: --dns takes addresses", server.substr(0, 64));
  if (!input.servers.empty()) return input.servers;
  auto servers = words_behind(input.host_content, "nameserver", lines::all);
  std::erase_if(servers,
                [&](const std::string& one) { return !is_address(one) || (is_loopback(one) && !input.host_network); });
  if (servers.size() > max_servers) servers.resize(max_servers);
  if (servers.empty() && !input.host_network) servers = {"8.8.8.8", "8.8.4.4"};
  return servers;
}

void add_line(std::string& text, std::string_view keyword, const std::vector<std::string>& words) {
  if (words.empty()) return;
  text += keyword;
  for (const auto& word : words) text.append(" ").append(word);
  text += '\n';
}

struct extra_host {
  std::string name, address;
};

result<extra_host> parse_extra(const std::string& text, const std::string& gateway) {
  const auto sign = text.find_first_of("=:");
  extra_host one{text.substr(0, sign), sign == std::string::npos ? std::string() : text.substr(sign + 1)};
  if (one.address.size() > 2 && one.address.front() == '[' && one.address.back() == ']')
    one.address = one.address.substr(1, one.address.size() - 2);
  if (one.address == "host-gateway") {
    if (gateway.empty())
      return fail(errc::failed_precondition, "--add-host {}: the container has no gateway to the host: give an address",
                  text.substr(0, 128));
    one.address = gateway;
  }
  if (!is_word(one.name) || !is_address(one.address) || !is_word(one.address))
    return fail(errc::invalid_argument, "bad format for add-host: \"{}\": write NAME:ADDRESS", text.substr(0, 128));
  return one;
}

} // namespace

result<std::string> hosts_file(const hosts_input& input) {
  std::string text = "127.0.0.1\tlocalhost\n"
                     "::1\tlocalhost ip6-localhost ip6-loopback\n"
                     "fe00::0\tip6-localnet\n"
                     "ff00::0\tip6-mcastprefix\n"
                     "ff02::1\tip6-allnodes\n"
                     "ff02::2\tip6-allrouters\n";
  if (input.extra_hosts.size() > max_extra_hosts)
    return fail(errc::invalid_argument, "more than {} extra hosts", max_extra_hosts);
  for (const auto& extra : input.extra_hosts) {
    GANTRY_LET(const auto one, parse_extra(extra, input.host_gateway));
    text.append(one.address).append("\t").append(one.name).append("\n");
  }
  if (!is_word(input.hostname)) return text;
  for (const auto& address : input.addresses) {
    text.append(address).append("\t");
    if (is_word(input.domainname)) text.append(input.hostname).append(".").append(input.domainname).append(" ");
    text.append(input.hostname).append("\n");
  }
  return text;
}

result<std::string> resolv_conf(const resolver_input& input) {
  GANTRY_TRY(check_words(input.search, "search domain"));
  GANTRY_TRY(check_words(input.options, "resolver option"));
  GANTRY_LET(const auto servers, choose_servers(input));
  auto search = input.search.empty() ? words_behind(input.host_content, "search", lines::last) : input.search;
  if (search.size() == 1 && search.front() == ".") search.clear();
  const auto options = input.options.empty() ? words_behind(input.host_content, "options", lines::all) : input.options;
  std::string text;
  for (const auto& server : servers) text.append("nameserver ").append(server).append("\n");
  add_line(text, "search", search);
  add_line(text, "options", options);
  return text;
}

std::string host_resolv_conf() {
  constexpr std::size_t limit = 256 << 10;
  auto content = sys::read_file("/etc/resolv.conf", limit).value_or(std::string());
  const auto servers = words_behind(content, "nameserver", lines::all);
  if (servers.size() == 1 && servers.front() == "127.0.0.53")
    if (auto upstream = sys::read_file("/run/systemd/resolve/resolv.conf", limit)) return std::move(*upstream);
  return content;
}

std::string hostname_file(std::string_view hostname) { return std::string(hostname) + "\n"; }

} // namespace gantry::spec
