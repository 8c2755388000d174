#include "api/docker/render/event.hpp"

namespace gantry::docker {

std::string_view subject_name(event::subject of) {
  switch (of) {
  case event::subject::container:
    return "container";
  case event::subject::image:
    return "image";
  case event::subject::network:
    return "network";
  case event::subject::volume:
    return "volume";
  case event::subject::pull:
    break;
  }
  return "pull";
}

json event_message(const event& of) {
  json made;
  // The three fields that clients before 1.22 read, and many still do.
  if (of.type == event::subject::container || of.type == event::subject::image) {
    made["status"] = of.action;
    made["id"] = of.id;
    if (auto image = of.attributes.find("image"); image != of.attributes.end()) made["from"] = image->second;
  }
  made["Type"] = subject_name(of.type);
  made["Action"] = of.action;
  made["Actor"] = {{"ID", of.id}, {"Attributes", object_of(of.attributes)}};
  made["scope"] = "local";
  made["time"] = of.time / 1'000'000'000;
  made["timeNano"] = of.time;
  return made;
}

} // namespace gantry::docker
