#include "tools/gantry/options/ipam.hpp"

#include <arpa/inet.h>

#include <array>
#include <optional>

#include "tools/gantry/format/units.hpp"

namespace gantry::cli {

namespace {

/// An address, and how many of its first bits count.
struct prefix {
  int family = AF_INET;
  std::array<unsigned char, 16> bytes{};
  std::int64_t length = 0;
};

/// "10.0.0.0/24"; without a length, an address alone.
std::optional<prefix> parse_prefix(const std::string& text) {
  auto [address, length] = cut(text, '/');
  prefix made;
  made.family = address.find(':') == std::string::npos ? AF_INET : AF_INET6;
  const std::int64_t most = made.family == AF_INET ? 32 : 128;
  if (::inet_pton(made.family, address.c_str(), made.bytes.data()) != 1) return std::nullopt;
  made.length = most;
  if (text.find('/') == std::string::npos) return made;
  auto parsed = parse_integer(length);
  if (!parsed || *parsed < 0 || *parsed > most) return std::nullopt;
  made.length = *parsed;
  return made;
}

bool contains(const prefix& subnet, const prefix& what) {
  if (subnet.family != what.family || what.length < subnet.length) return false;
  for (std::int64_t bit = 0; bit < subnet.length; ++bit) {
    const auto at = static_cast<std::size_t>(bit / 8);
    const auto mask = 0x80U >> static_cast<unsigned>(bit % 8);
    if (((subnet.bytes[at] ^ what.bytes[at]) & mask) != 0) return false;
  }
  return true;
}

struct subnet_entry {
  prefix where;
  json config;
};

result<std::vector<subnet_entry>> subnets_of(const strings& given) {
  std::vector<subnet_entry> made;
  for (const auto& text : given) {
    const auto where = parse_prefix(text);
    if (!where || text.find('/') == std::string::npos)
      return fail(errc::invalid_argument, "invalid CIDR address: {}", text);
    for (const auto& other : made)
      if (contains(other.where, *where) || contains(*where, other.where))
        return fail(errc::invalid_argument, "multiple overlapping subnet configuration is not supported");
    made.push_back({*where, json::object({{"Subnet", text}})});
  }
  return made;
}

/// The entry that an address or a range lies in.
subnet_entry* home_of(std::vector<subnet_entry>& subnets, const std::string& text) {
  const auto where = parse_prefix(text);
  for (auto& one : subnets)
    if (where && contains(one.where, *where)) return &one;
  return nullptr;
}

result<void> place(std::vector<subnet_entry>& subnets, const strings& given, const char* field, const char* what) {
  for (const auto& text : given) {
    auto* home = home_of(subnets, text);
    if (home == nullptr) return fail(errc::invalid_argument, "no matching subnet for {} {}", what, text);
    if (home->config.contains(field))
      return fail(errc::invalid_argument, "cannot configure multiple {}s ({}, {}) on the same subnet ({})", what, text,
                  cli::text(home->config, field), cli::text(home->config, "Subnet"));
    home->config[field] = text;
  }
  return {};
}

} // namespace

result<json> ipam_config(const ipam_options& options) {
  if (options.subnets.size() < options.ranges.size() || options.subnets.size() < options.gateways.size())
    return fail(errc::invalid_argument, "every ip-range or gateway must have a corresponding subnet");
  GANTRY_LET(auto subnets, subnets_of(options.subnets));
  GANTRY_TRY(place(subnets, options.ranges, "IPRange", "range"));
  GANTRY_TRY(place(subnets, options.gateways, "Gateway", "gateway"));
  GANTRY_LET(const auto auxiliary, pairs_of("--aux-address", options.auxiliary));
  for (const auto& [name, address] : auxiliary) {
    auto* home = home_of(subnets, address);
    if (home == nullptr) return fail(errc::invalid_argument, "no matching subnet for aux-address {}", address);
    home->config["AuxiliaryAddresses"][name] = address;
  }
  json list = json::array();
  for (auto& one : subnets) list.push_back(std::move(one.config));
  return list;
}

} // namespace gantry::cli
