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

result<std::vector<id_mapping>> parse_mappings(const google::protobuf::RepeatedPtrField<v1::IDMapping>& from) {
  std::vector<id_mapping> made;
  for (const auto& one : from) {
    if (one.length() == 0 || one.container_id() != 0 || !made.empty())
      return fail(errc::invalid_argument, "userns_options: one range of ids is mapped, and it begins with 0");
    made.push_back({one.container_id(), one.host_id(), one.length()});
  }
  return made;
}

} // namespace gantry::cri
