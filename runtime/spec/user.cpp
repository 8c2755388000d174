#include "runtime/spec/user.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

namespace gantry::spec {
namespace {

constexpr std::size_t max_groups = 65'536; // NGROUPS_MAX, setgroups(2)
constexpr std::size_t max_file = 1 << 20;

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<std::uint32_t> id_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size() || !all_digits(text)) return std::nullopt;
  if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max())) return std::nullopt;
  return static_cast<std::uint32_t>(value);
}

result<std::uint32_t> checked_id(std::string_view text, std::string_view what) {
  if (const auto id = id_of(text)) return *id;
  return fail(errc::invalid_argument, "{} '{}' is out of range: use a number from 0 to 2147483647", what,
              text.substr(0, 64));
}

/// The first N fields of a line of passwd(5) or group(5); missing ones are empty.
template<std::size_t N>
std::array<std::string_view, N> fields(std::string_view line) {
  std::array<std::string_view, N> parts{};
  for (std::size_t i = 0; i < N; ++i) {
    const auto end = line.find(':');
    parts[i] = line.substr(0, end);
    if (end == std::string_view::npos) break;
    line.remove_prefix(end + 1);
  }
  return parts;
}

/// Calls `visit` with each line until it returns true.
template<class Visit>
void each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty() && line.front() != '#' && visit(line)) return;
  }
}

struct passwd_entry {
  std::string name, home;
  std::uint32_t uid = 0, gid = 0;
};

std::optional<passwd_entry> find_passwd(std::string_view text, std::string_view user) {
  std::optional<passwd_entry> found;
  const auto wanted = all_digits(user) ? id_of(user) : std::nullopt;
  each_line(text, [&](std::string_view line) {
    const auto part = fields<7>(line);
    const auto uid = id_of(part[2]), gid = id_of(part[3]);
    if (!uid || !gid || !(wanted ? *wanted == *uid : part[0] == user)) return false;
    found = passwd_entry{std::string(part[0]), std::string(part[5]), *uid, *gid};
    return true;
  });
  return found;
}

std::optional<std::uint32_t> find_group(std::string_view text, std::string_view name) {
  std::optional<std::uint32_t> found;
  each_line(text, [&](std::string_view line) {
    const auto part = fields<4>(line);
    if (part[0] == name) found = id_of(part[2]);
    return found.has_value();
  });
  return found;
}

bool lists(std::string_view members, std::string_view user) {
  while (!members.empty()) {
    const auto member = members.substr(0, members.find(','));
    if (member == user) return true;
    members.remove_prefix(std::min(members.size(), member.size() + 1));
  }
  return false;
}

void add_group(process_user& who, std::uint32_t gid) {
  if (who.groups.size() < max_groups && std::find(who.groups.begin(), who.groups.end(), gid) == who.groups.end())
    who.groups.push_back(gid);
}

void add_memberships(process_user& who, std::string_view group_text, std::string_view name) {
  each_line(group_text, [&](std::string_view line) {
    const auto part = fields<4>(line);
    if (const auto gid = id_of(part[2]); gid && lists(part[3], name)) add_group(who, *gid);
    return false;
  });
}

/// The content of a file that an image may lack.
result<std::string> optional_file(const merged_view& root, std::string_view path) {
  auto content = root.read_file(path, max_file);
  if (!content && content.error().code == errc::not_found) return std::string();
  return content;
}

result<std::uint32_t> group_id(std::string_view group, std::string_view group_text) {
  if (all_digits(group)) return checked_id(group, "group");
  if (const auto gid = find_group(group_text, group)) return *gid;
  return fail(errc::not_found, "unable to find group {}: no matching entries in group file", group.substr(0, 64));
}

result<passwd_entry> account(std::string_view user, const merged_view& root) {
  const bool numeric = all_digits(user);
  if (numeric) GANTRY_TRY(checked_id(user, "user"));
  auto text = optional_file(root, "/etc/passwd");
  // A number needs no file: a broken one only costs it its home.
  if (!text && !numeric) return tl::unexpected<error>(std::move(text.error()));
  if (auto found = text ? find_passwd(*text, user) : std::nullopt) return std::move(*found);
  if (!numeric)
    return fail(errc::not_found, "unable to find user {}: no matching entries in passwd file", user.substr(0, 64));
  return passwd_entry{{}, "/", *id_of(user), 0};
}

/// Whether the user gets the groups that list it.
bool is_member(const group_request& groups, std::string_view named) {
  if (groups.memberships != group_membership::unless_group_named) return groups.memberships == group_membership::always;
  return named.empty() && !groups.primary;
}

} // namespace

result<process_user> resolve_user(std::string_view user, const group_request& groups, const merged_view& root) {
  const auto colon = user.find(':');
  const auto group = colon == std::string_view::npos ? std::string_view() : user.substr(colon + 1);
  if (group.find(':') != std::string_view::npos)
    return fail(errc::invalid_argument, "user '{}' has two colons: write name|uid[:group|gid]", user.substr(0, 64));
  const auto name = user.substr(0, colon);
  GANTRY_LET(const auto who, account(name.empty() ? std::string_view("0") : name, root));
  process_user found{who.uid, who.gid, {}, who.home.starts_with('/') ? who.home : "/"};

  std::string group_text;
  const bool named = !group.empty() && !all_digits(group);
  auto text = optional_file(root, "/etc/group");
  if (text)
    group_text = std::move(*text);
  else if (named || !std::all_of(groups.add.begin(), groups.add.end(), all_digits))
    return tl::unexpected<error>(std::move(text.error()));

  if (!group.empty()) {
    GANTRY_LET(found.gid, group_id(group, group_text));
  }
  if (groups.primary) {
    GANTRY_LET(found.gid, checked_id(std::to_string(*groups.primary), "group"));
  }
  add_group(found, found.gid);
  if (is_member(groups, group) && !who.name.empty()) add_memberships(found, group_text, who.name);
  for (const auto& more : groups.add) {
    GANTRY_LET(const auto gid, group_id(more, group_text));
    add_group(found, gid);
  }
  return found;
}

} // namespace gantry::spec
