#pragma once

#include "runtime/native/container_plan.hpp"
#include "runtime/native/json_fields.hpp"

/// The parts of parse_plan, one member of the runtime-spec each. Each reads `value` into `plan`.
namespace gantry::native {

void read_process(json_fields& in, dom::element value, process_plan& plan);
void read_mounts(json_fields& in, dom::element value, std::vector<mount_entry>& plan);
void read_linux(json_fields& in, dom::element value, container_plan& plan);
void read_resources(json_fields& in, dom::element value, resource_plan& plan);
void read_scheduler(json_fields& in, dom::element value, process_plan& plan);
void read_io_priority(json_fields& in, dom::element value, process_plan& plan);
void read_affinity(json_fields& in, dom::element value, process_plan& plan);
void read_id_mappings(json_fields& in, dom::element value, std::vector<id_mapping>& plan);
void read_hooks(json_fields& in, dom::element value, hook_lists& plan);
/// "rslave" to MS_SLAVE and recursive. False for another word.
bool read_propagation(std::string_view word, std::uint32_t& flag, bool& recursive);

} // namespace gantry::native
