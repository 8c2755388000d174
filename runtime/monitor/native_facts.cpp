#include "runtime/monitor/native_facts.hpp"

#include "runtime/sys/files.hpp"
#include "runtime/sys/wire.hpp"

namespace gantry::monitor {
namespace {

/// Nearly all containers have the default filter: the last one is remembered.
std::shared_ptr<const native::seccomp_plan> shared(const native::seccomp_plan& filter) {
  static thread_local std::weak_ptr<const native::seccomp_plan> last;
  if (auto known = last.lock(); known && known->program == filter.program && known->flags == filter.flags) return known;
  auto fresh = std::make_shared<const native::seccomp_plan>(filter);
  last = fresh;
  return fresh;
}

} // namespace

std::shared_ptr<const native_facts> facts_of(const native::container_plan& plan) {
  auto facts = std::make_shared<native_facts>();
  facts->cgroup_path = plan.cgroup_path;
  for (const auto& one : plan.namespaces) facts->namespaces |= one.flag;
  facts->filter = shared(plan.seccomp);
  return facts;
}

result<void> write_facts(const std::string& bundle, const native_facts& facts) {
  sys::wire_writer out;
  out.put(facts.cgroup_path).put(facts.namespaces).put(facts.filter->program).put(facts.filter->flags);
  return sys::write_file(bundle + "/native", out.take(), 0600);
}

std::shared_ptr<const native_facts> read_facts(const std::string& bundle) {
  auto bytes = sys::read_file(bundle + "/native", 1 << 20);
  if (!bytes) return nullptr;
  sys::wire_reader in(*bytes);
  auto facts = std::make_shared<native_facts>();
  native::seccomp_plan filter;
  in.get(facts->cgroup_path);
  in.get(facts->namespaces);
  in.get(filter.program);
  in.get(filter.flags);
  if (!in.done()) return nullptr;
  facts->filter = shared(filter);
  return facts;
}

} // namespace gantry::monitor
