#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tools/gantry/options/create_options.hpp"

namespace gantry::cli {

/// The small languages in the values of docker's options. Pure functions; errors are invalid_argument and name the
/// option.

/// Cuts at each `mark`; an empty text is one empty part.
strings split_text(std::string_view text, char mark);
/// "name=value": the two sides; the second is empty without a mark.
std::pair<std::string, std::string> cut(std::string_view text, char mark);

/// -e and --env-file, in docker's order: the files' lines first. NAME alone takes the value from the environment; a
/// file's NAME that is not set there is dropped, one of -e stays and removes the image's.
result<strings> environment_of(const create_options& options, const surroundings& around);
/// --label and --label-file (or other KEY=VALUE lists): later ones win.
result<std::map<std::string, std::string>> labels_of(const strings& files, const strings& given,
                                                     const surroundings& around);
/// One list of KEY=VALUE of which each must have a value.
result<std::map<std::string, std::string>> pairs_of(std::string_view option, const strings& given);

/// -v: adds to Volumes (anonymous) of `config` or Binds of `host`.
result<void> add_volume(std::string_view text, const surroundings& around, json& config, json& host);
/// --mount: an element of HostConfig.Mounts.
result<json> mount_of(std::string_view text, const surroundings& around);
/// The fields of one line of CSV (RFC 4180): docker reads --mount so.
result<strings> csv_fields(std::string_view text);

/// -p: adds to PortBindings and `exposed`. Ranges make several ("8000-8002:80-82/udp").
result<void> add_port(std::string_view text, json& bindings, json& exposed);
/// --expose: a port or range, with an optional protocol.
result<void> add_exposed(std::string_view text, json& exposed);

/// --ulimit nofile=1024:2048.
result<json> ulimit_of(std::string_view text);
/// --device /dev/a[:/dev/b[:rwm]].
result<json> device_of(std::string_view text);
/// --restart on-failure:3.
result<json> restart_of(std::string_view text);
/// --security-opt: seccomp=FILE becomes the file's JSON in one line.
result<std::string> security_of(std::string_view text, const surroundings& around);

} // namespace gantry::cli
