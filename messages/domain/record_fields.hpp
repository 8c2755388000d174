#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include <nlohmann/json.hpp>

#include "messages/domain/container.hpp"
#include "messages/domain/quote.hpp"
#include "messages/domain/record_json.hpp"

// How nlohmann::json writes and reads what it does not know by itself. For the records alone: what strangers wrote is
// read by json_fields. An unfit value is an exception in here, as the library has it; read_record makes it an error.

namespace gantry {

/// The names of an enum's values in records, by value. They are on disk: add, never change.
template<class Enum>
inline constexpr std::nullptr_t names_of = nullptr;

template<class T>
T value_or_throw(result<T> parsed) {
  if (!parsed) throw std::invalid_argument(parsed.error().message);
  return std::move(*parsed);
}

/// One line of JSON. Bytes that are not UTF-8 (a runtime's error text may hold any) become U+FFFD.
template<class Record>
std::string write_record(const Record& record) {
  return nlohmann::json(record).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// Errors: corrupt, saying which kind of record it was (`what`).
template<class Record>
result<Record> read_record(std::string_view json, const char* what) {
  try {
    return nlohmann::json::parse(json).get<Record>();
  } catch (const std::exception& unfit) {
    return fail(errc::corrupt, "the record of {} cannot be read: {}", what, quote(unfit.what()));
  }
}

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(key, ns, id)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(port_binding, container_port, protocol, host_ip, host_port,
                                                host_port_last)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(link_sysctl, family, table, name, value)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(endpoint_options, network, name, address, mac, aliases, address6,
                                                link_local, driver_options, interface, sysctls)

} // namespace gantry

namespace nlohmann {

/// Absent and null are the same: nothing.
template<class T>
struct adl_serializer<std::optional<T>> {
  static void to_json(json& to, const std::optional<T>& from) {
    if (from) to = *from;
  }
  static void from_json(const json& from, std::optional<T>& to) {
    to.reset();
    if (!from.is_null()) to = from.get<T>();
  }
};

template<class Enum>
struct adl_serializer<Enum, std::enable_if_t<std::is_enum_v<Enum> && (gantry::names_of<Enum>.size() > 0)>> {
  static void to_json(json& to, Enum from) { to = gantry::names_of<Enum>.at(static_cast<std::size_t>(from)); }
  static void from_json(const json& from, Enum& to) {
    const auto& name = from.get_ref<const std::string&>();
    for (std::size_t value = 0; value < gantry::names_of<Enum>.size(); ++value)
      if (gantry::names_of<Enum>[value] == name) return void(to = static_cast<Enum>(value));
    throw std::invalid_argument("unknown value: " + name);
  }
};

template<>
struct adl_serializer<std::chrono::nanoseconds> {
  static void to_json(json& to, std::chrono::nanoseconds from) { to = from.count(); }
  static void from_json(const json& from, std::chrono::nanoseconds& to) {
    to = std::chrono::nanoseconds(from.get<std::int64_t>());
  }
};

/// A digest as its text; an empty one as an empty text.
template<>
struct adl_serializer<gantry::digest> {
  static void to_json(json& to, const gantry::digest& from) { to = from.str(); }
  static void from_json(const json& from, gantry::digest& to) {
    const auto& text = from.get_ref<const std::string&>();
    to = text.empty() ? gantry::digest() : gantry::value_or_throw(gantry::digest::parse(text));
  }
};

} // namespace nlohmann

namespace gantry {

// What the records of containers and of pods both hold.

template<>
inline constexpr auto names_of<namespace_mode> = std::to_array<std::string_view>({"pod", "container", "node",
                                                                                  "target"});
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(id_mapping, container_id, host_id, length)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(hugepage_limit, page_size, bytes)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(device_amount, path, amount)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(resource_limits, memory, memory_reservation, memory_swap,
                                                memory_swappiness, oom_kill_disable, nano_cpus, cpu_shares, cpu_quota,
                                                cpu_period, cpuset_cpus, cpuset_mems, pids, blkio_weight,
                                                blkio_weight_device, blkio_read_bps, blkio_write_bps, blkio_read_iops,
                                                blkio_write_iops, hugepages, unified)

} // namespace gantry
