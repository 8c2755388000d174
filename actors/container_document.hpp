#pragma once

#include "actors/container_supervisor.hpp"
#include "runtime/spec/spec.hpp"

namespace gantry::container {

/// The config.json of a container in these namespaces (all empty when the options are only checked), with what its CDI
/// devices change. Errors: as spec::build.
result<spec::built_spec> build_document(const engine_config& config, const container_record& record,
                                        const image_config& image, const sandbox_namespaces& namespaces,
                                        const cdi::container_edits& edits,
                                        spec::explanation notes = spec::explanation::none);

/// What options are checked with before a start: namespaces that will be joined are stood for by their names.
sandbox_namespaces namespaces_to_join(const container_options& options);

using container_files = std::vector<std::pair<std::string, std::string>>; ///< name, content

/// /etc/hosts, /etc/resolv.conf and /etc/hostname, as the monitor makes them (start_container.files).
/// Errors: invalid_argument for an extra host or a DNS server that is none.
result<container_files> network_files(const engine_config& config, const container_record& record,
                                      const sandbox_namespaces& namespaces);

} // namespace gantry::container
