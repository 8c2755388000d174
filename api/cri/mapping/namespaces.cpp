#include "api/cri/mapping/namespaces.hpp"

namespace gantry::cri {

result<namespace_mode> parse_mode(const char* field, v1::NamespaceMode from) {
  switch (from) {
  case v1::POD:
    return namespace_mode::pod;
  case v1::CONTAINER:
    return namespace_mode::container;
  case v1::NODE:
    return namespace_mode::node;
  case v1::TARGET:
    return namespace_mode::target;
  default:
    break;
  }
  return fail(errc::invalid_argument, "namespace_options.{}: {} is no namespace mode", field, static_cast<int>(from));
}

v1::NamespaceMode render_mode(namespace_mode from) {
  switch (from) {
  case namespace_mode::pod:
    return v1::POD;
  case namespace_mode::container:
    return v1::CONTAINER;
  case namespace_mode::node:
    return v1::NODE;
  case namespace_mode::target:
    break;
  }
  return v1::TARGET;
}

namespace {

constexpr std::uint64_t ids = UINT32_MAX; // the last one is no ID (user_namespaces(7))
constexpr int max_ranges = 340;           // lines of a map

bool overlap(std::uint64_t a, std::uint64_t b, std::uint64_t length_of_a, std::uint64_t length_of_b) {
  return a < b + length_of_b && b < a + length_of_a;
}

result<void> check_range(const std::string& field, const id_mapping& one, const std::vector<id_mapping>& before) {
  if (one.length == 0) return fail(errc::invalid_argument, "{}: the length of a range is 0", field);
  for (const std::uint64_t first : {one.container_id, one.host_id})
    if (first + one.length > ids)
      return fail(errc::invalid_argument, "{}: {} IDs from {} on are more than there are", field, one.length, first);
  for (const auto& other : before)
    if (overlap(one.container_id, other.container_id, one.length, other.length) ||
        overlap(one.host_id, other.host_id, one.length, other.length))
      return fail(errc::invalid_argument, "{}: ranges overlap", field);
  return {};
}

result<std::vector<id_mapping>> parse_one(const std::string& field, const id_mappings& from) {
  GANTRY_LET(auto made, parse_mappings(field, from));
  if (made.size() != 1 || made.front().container_id != 0)
    return fail(errc::invalid_argument, "{}: one range is mapped, and its container_id is 0", field);
  return made;
}

} // namespace

result<std::vector<id_mapping>> parse_mappings(const std::string& field, const id_mappings& from) {
  if (from.size() > max_ranges)
    return fail(errc::invalid_argument, "{}: {} ranges; {} can be mapped", field, from.size(), max_ranges);
  std::vector<id_mapping> made;
  for (const auto& one : from) {
    const id_mapping range{one.container_id(), one.host_id(), one.length()};
    GANTRY_TRY(check_range(field, range, made));
    made.push_back(range);
  }
  return made;
}

void render_mappings(const std::vector<id_mapping>& from, id_mappings& into) {
  for (const auto& one : from) {
    auto& added = *into.Add();
    added.set_container_id(one.container_id);
    added.set_host_id(one.host_id);
    added.set_length(one.length);
  }
}

result<user_maps> parse_users(const v1::UserNamespace& from) {
  const std::string field = "namespace_options.userns_options";
  user_maps made;
  switch (from.mode()) {
  case v1::NODE:
    if (from.uids_size() == 0 && from.gids_size() == 0) return made;
    return fail(errc::invalid_argument, "{}.{}: the node's users (NODE) are not mapped", field,
                from.uids_size() != 0 ? "uids" : "gids");
  case v1::POD: {
    GANTRY_LET(made.uids, parse_one(field + ".uids", from.uids()));
    GANTRY_LET(made.gids, parse_one(field + ".gids", from.gids()));
    return made;
  }
  default:
    break;
  }
  return fail(errc::invalid_argument, "{}.mode: a pod has users of its own (POD) or the node's (NODE)", field);
}

} // namespace gantry::cri
