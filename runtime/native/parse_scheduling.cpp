#include <sched.h>

#include <array>
#include <charconv>

#include "runtime/native/parse_parts.hpp"

namespace gantry::native {
namespace {

constexpr std::uint64_t max_cpu = 65'535;

struct named {
  std::string_view name;
  std::uint32_t number;
};
constexpr std::array<named, 6> policies = {{{"SCHED_OTHER", SCHED_OTHER},
                                            {"SCHED_FIFO", SCHED_FIFO},
                                            {"SCHED_RR", SCHED_RR},
                                            {"SCHED_BATCH", SCHED_BATCH},
                                            {"SCHED_IDLE", SCHED_IDLE},
                                            {"SCHED_DEADLINE", 6}}};
// sched_setattr(2); linux/sched.h.
constexpr std::array<named, 7> scheduler_flags = {{{"SCHED_FLAG_RESET_ON_FORK", 0x01},
                                                   {"SCHED_FLAG_RECLAIM", 0x02},
                                                   {"SCHED_FLAG_DL_OVERRUN", 0x04},
                                                   {"SCHED_FLAG_KEEP_POLICY", 0x08},
                                                   {"SCHED_FLAG_KEEP_PARAMS", 0x10},
                                                   {"SCHED_FLAG_UTIL_CLAMP_MIN", 0x20},
                                                   {"SCHED_FLAG_UTIL_CLAMP_MAX", 0x40}}};
// ioprio_set(2): the class lies above 13 bits of level.
constexpr std::array<named, 3> classes = {{{"IOPRIO_CLASS_RT", 1}, {"IOPRIO_CLASS_BE", 2}, {"IOPRIO_CLASS_IDLE", 3}}};

/// The string `value` as one of `names`. A name that is none of them is refused by it.
template<std::size_t N>
std::uint32_t number_of(json_fields& in, dom::element value, const std::array<named, N>& names) {
  std::string word;
  in.get(value, word);
  for (const auto& one : names)
    if (one.name == word) return one.number;
  in.unsupported(word);
  return 0;
}

bool read_cpu(std::string_view& text, std::uint64_t& into) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), into);
  if (problem != std::errc{} || into > max_cpu) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

/// "0-3,7" (cpuset(7), "List format") as a mask.
bool read_list(std::string_view text, std::vector<std::uint64_t>& mask) {
  while (!text.empty()) {
    std::uint64_t first = 0, last = 0;
    if (!read_cpu(text, first)) return false;
    last = first;
    if (text.starts_with('-')) {
      text.remove_prefix(1);
      if (!read_cpu(text, last) || last < first) return false;
    }
    if (mask.size() <= last / 64) mask.resize(last / 64 + 1);
    for (auto cpu = first; cpu <= last; ++cpu) mask[cpu / 64] |= std::uint64_t{1} << (cpu % 64);
    if (!text.empty() && text.front() != ',') return false;
    if (!text.empty()) text.remove_prefix(1);
  }
  return true;
}

void read_cpus(json_fields& in, dom::element value, std::vector<std::uint64_t>& mask) {
  std::string text;
  in.get(value, text);
  if (!read_list(text, mask)) in.wrong("is not a list of processors");
}

} // namespace

void read_scheduler(json_fields& in, dom::element value, process_plan& plan) {
  auto& scheduler = plan.scheduler.emplace();
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "policy") return scheduler.policy = number_of(in, member, policies), true;
    if (key == "nice") return in.get(member, scheduler.nice), true;
    if (key == "priority") return in.get(member, scheduler.priority), true;
    if (key == "runtime") return in.get(member, scheduler.runtime), true;
    if (key == "deadline") return in.get(member, scheduler.deadline), true;
    if (key == "period") return in.get(member, scheduler.period), true;
    if (key != "flags") return false;
    in.list(member, [&](dom::element one) { scheduler.flags |= number_of(in, one, scheduler_flags); });
    return true;
  });
}

void read_io_priority(json_fields& in, dom::element value, process_plan& plan) {
  std::uint32_t kind = 0, level = 0;
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "class") return kind = number_of(in, member, classes), true;
    if (key == "priority") return in.get(member, level), true;
    return false;
  });
  if (kind == 0 || level > 7) return in.wrong("needs a class, and a priority of 0 to 7");
  plan.io_priority = static_cast<std::uint16_t>((kind << 13) | level);
}

void read_affinity(json_fields& in, dom::element value, process_plan& plan) {
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "initial") return read_cpus(in, member, plan.cpus_before), true;
    if (key == "final") return read_cpus(in, member, plan.cpus_after), true;
    return false;
  });
}

} // namespace gantry::native
