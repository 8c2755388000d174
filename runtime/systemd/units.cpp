#include "runtime/systemd/units.hpp"

#include <chrono>
#include <thread>

#include "runtime/systemd/bus.hpp"

namespace gantry::systemd {
namespace {

/// What a D-Bus variant of each type is called and how it is written.
struct value_writer {
  const library& lib;
  sd_bus_message* to;

  int operator()(bool value) const { return lib.append(to, "v", "b", static_cast<int>(value)); }
  int operator()(std::uint64_t value) const { return lib.append(to, "v", "t", value); }
  int operator()(const std::string& value) const { return lib.append(to, "v", "s", value.c_str()); }
  int operator()(const std::vector<std::uint32_t>& value) const { return array("au", 'u', value); }
  int operator()(const std::vector<std::uint8_t>& value) const { return array("ay", 'y', value); }

  template<class Element>
  int array(const char* type, char element, const std::vector<Element>& value) const {
    int how = lib.open_container(to, 'v', type);
    if (how >= 0) how = lib.append_array(to, element, value.data(), value.size() * sizeof(Element));
    return how < 0 ? how : lib.close_container(to);
  }
};

int write_properties(const library& lib, sd_bus_message* to, const std::vector<property>& all) {
  int how = lib.open_container(to, 'a', "(sv)");
  for (const auto& one : all) {
    if (how >= 0) how = lib.open_container(to, 'r', "sv");
    if (how >= 0) how = lib.append(to, "s", one.name.c_str());
    if (how >= 0) how = std::visit(value_writer{lib, to}, one.value);
    if (how >= 0) how = lib.close_container(to);
  }
  return how < 0 ? how : lib.close_container(to);
}

result<void> start(bus& with, const std::string& name, const std::vector<property>& all) {
  return with.run_job("StartTransientUnit", [&](const library& lib, sd_bus_message* to) {
    int how = lib.append(to, "ss", name.c_str(), "fail");
    if (how >= 0) how = write_properties(lib, to, all);
    return how < 0 ? how : lib.append(to, "a(sa(sv))", 0); // no auxiliary units
  });
}

result<void> set(bus& with, const std::string& unit, const std::vector<property>& limits) {
  return with.call("SetUnitProperties", [&](const library& lib, sd_bus_message* to) {
    const int how = lib.append(to, "sb", unit.c_str(), 1);
    return how < 0 ? how : write_properties(lib, to, limits);
  });
}

bool is_there_already(const result<void>& how) { return !how && how.error().code == errc::already_exists; }

/// Not ended with the host's first units but with its last, as what contains services of its own.
std::vector<property> with_common(std::vector<property> all) {
  all.push_back({"Description", std::string("Containers of Gantry")});
  all.push_back({"DefaultDependencies", false});
  for (const auto* one : {"MemoryAccounting", "CPUAccounting", "IOAccounting", "TasksAccounting"})
    all.push_back({one, true});
  return all;
}

} // namespace

result<void> check_manager() {
  GANTRY_LET(auto with, bus::connect());
  return with.call("GetUnit", [](const library& lib, sd_bus_message* to) { return lib.append(to, "s", "-.slice"); });
}

result<void> start_scope(const std::string& name, const std::string& slice, pid_t process,
                         const std::vector<property>& limits) {
  auto all = with_common(limits);
  all.push_back({"Slice", slice});
  all.push_back({"PIDs", std::vector{static_cast<std::uint32_t>(process)}});
  all.push_back({"Delegate", true});
  all.push_back({"CollectMode", std::string("inactive-or-failed")});
  GANTRY_LET(auto with, bus::connect());
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(patience_seconds);
  auto started = start(with, name, all);
  while (is_there_already(started) && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    started = start(with, name, all);
  }
  return started;
}

result<void> start_slice(const std::string& name, const std::vector<property>& limits) {
  GANTRY_LET(auto with, bus::connect());
  auto started = start(with, name, with_common(limits));
  return is_there_already(started) ? set(with, name, limits) : started;
}

result<void> set_limits(const std::string& unit, const std::vector<property>& limits) {
  if (limits.empty()) return {};
  GANTRY_LET(auto with, bus::connect());
  return set(with, unit, limits);
}

result<void> stop_unit(const std::string& name) {
  GANTRY_LET(auto with, bus::connect());
  auto stopped = with.run_job("StopUnit", [&](const library& lib, sd_bus_message* to) {
    return lib.append(to, "ss", name.c_str(), "replace");
  });
  return !stopped && stopped.error().code == errc::not_found ? result<void>() : stopped;
}

} // namespace gantry::systemd
