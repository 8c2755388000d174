#include "runtime/native/parse_parts.hpp"

namespace gantry::native {
namespace {

void read_memory(json_fields& in, dom::element value, resource_plan& plan) {
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "limit") return in.get(member, plan.memory_limit), true;
    if (key == "reservation") return in.get(member, plan.memory_reservation), true;
    if (key == "swap") return in.get(member, plan.memory_swap), true;
    if (key == "swappiness") return in.get(member, plan.swappiness), true;
    if (key == "disableOOMKiller") return in.get(member, plan.disable_oom_killer), true;
    // The kernel has dropped kernel memory limits; checkBeforeUpdate is about updates that runc refuses.
    return key == "kernel" || key == "kernelTCP" || key == "useHierarchy" || key == "checkBeforeUpdate";
  });
}

void read_cpu(json_fields& in, dom::element value, resource_plan& plan) {
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "shares") return in.get(member, plan.cpu_shares), true;
    if (key == "quota") return in.get(member, plan.cpu_quota), true;
    if (key == "burst") return in.get(member, plan.cpu_burst), true;
    if (key == "period") return in.get(member, plan.cpu_period), true;
    if (key == "idle") return in.get(member, plan.cpu_idle), true;
    if (key == "cpus") return in.get(member, plan.cpus), true;
    if (key == "mems") return in.get(member, plan.mems), true;
    if (key != "realtimeRuntime" && key != "realtimePeriod") return false;
    std::int64_t asked = 0;
    in.get(member, asked);
    return asked == 0;
  });
}

void read_device_value(json_fields& in, dom::element value, device_value& plan) {
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "major") return in.get(member, plan.major), true;
    if (key == "minor") return in.get(member, plan.minor), true;
    if (key == "rate" || key == "weight") return in.get(member, plan.value), true;
    return false;
  });
}

void read_block_io(json_fields& in, dom::element value, resource_plan& plan) {
  const auto devices = [&](dom::element list, std::vector<device_value>& into) {
    in.list(list, [&](dom::element one) { read_device_value(in, one, into.emplace_back()); });
    return true;
  };
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "weight") return in.get(member, plan.io_weight), true;
    if (key == "weightDevice") return devices(member, plan.io_weight_device);
    if (key == "throttleReadBpsDevice") return devices(member, plan.read_bps);
    if (key == "throttleWriteBpsDevice") return devices(member, plan.write_bps);
    if (key == "throttleReadIOPSDevice") return devices(member, plan.read_iops);
    if (key == "throttleWriteIOPSDevice") return devices(member, plan.write_iops);
    return false; // leafWeight went with the CFQ scheduler
  });
}

void read_huge_pages(json_fields& in, dom::element value, resource_plan& plan) {
  in.list(value, [&](dom::element one) {
    auto& entry = plan.huge_pages.emplace_back();
    std::uint64_t limit = 0;
    in.object(one, [&](std::string_view key, dom::element member) {
      if (key == "pageSize") return in.get(member, entry.key), true;
      if (key == "limit") return in.get(member, limit), true;
      return false;
    });
    if (entry.key.empty() || entry.key.find('/') != std::string::npos) in.wrong("has no pageSize");
    entry.value = std::to_string(limit);
  });
}

void read_network(json_fields& in, dom::element value, resource_plan& plan) {
  const auto priority = [&](dom::element one) {
    auto& entry = plan.net_priorities.emplace_back();
    std::uint32_t number = 0;
    in.object(one, [&](std::string_view key, dom::element member) {
      if (key == "name") return in.get(member, entry.key), true;
      if (key == "priority") return in.get(member, number), true;
      return false;
    });
    entry.value = std::to_string(number);
  };
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "classID") return in.get(member, plan.net_class), true;
    if (key == "priorities") return in.list(member, priority), true;
    return false;
  });
}

void read_unified(json_fields& in, dom::element value, resource_plan& plan) {
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key.find('/') != std::string_view::npos) return in.wrong("is not the name of a file"), true;
    in.get(member, plan.unified.emplace_back(key_value{std::string(key), {}}).value);
    return true;
  });
}

void read_rule(json_fields& in, dom::element value, device_rule& plan) {
  std::string type = "a";
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "allow") return in.get(member, plan.allow), true;
    if (key == "type") return in.get(member, type), true;
    if (key == "major") return in.get(member, plan.major), true;
    if (key == "minor") return in.get(member, plan.minor), true;
    if (key == "access") return in.get(member, plan.access), true;
    return false;
  });
  if (plan.access.empty()) plan.access = "rwm";
  if (plan.access.find_first_not_of("rwm") != std::string::npos) in.wrong("has an access that is not of rwm");
  if (type.empty()) type = "a";
  plan.type = type == "u" ? 'c' : type.front();
  if (type.size() != 1 || std::string_view("abc").find(plan.type) == std::string_view::npos)
    in.wrong("has a type that is not a, b or c");
}

void read_pids(json_fields& in, dom::element value, resource_plan& plan) {
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "limit") return in.get(member, plan.pids), true;
    return false;
  });
}

bool is_empty_object(dom::element value) {
  dom::object members;
  return value.get_object().get(members) == simdjson::SUCCESS && members.size() == 0;
}

} // namespace

void read_resources(json_fields& in, dom::element value, resource_plan& plan) {
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "memory") return read_memory(in, member, plan), true;
    if (key == "cpu") return read_cpu(in, member, plan), true;
    if (key == "pids") return read_pids(in, member, plan), true;
    if (key == "blockIO") return read_block_io(in, member, plan), true;
    if (key == "hugepageLimits") return read_huge_pages(in, member, plan), true;
    if (key == "network") return read_network(in, member, plan), true;
    if (key == "unified") return read_unified(in, member, plan), true;
    if (key == "devices")
      return in.list(member, [&](dom::element one) { read_rule(in, one, plan.devices.emplace_back()); }), true;
    return key == "rdma" && is_empty_object(member);
  });
}

} // namespace gantry::native
