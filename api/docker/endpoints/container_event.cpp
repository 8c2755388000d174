#include "api/docker/endpoints/container_event.hpp"

#include "api/docker/endpoints/find.hpp"

namespace gantry::docker::endpoints {

void tell_event(context& door, const container_record& of, std::string action,
                std::map<std::string, std::string> attributes) {
  attributes["image"] = of.image_name;
  attributes["name"] = of.display_name;
  for (const auto& [name, value] : of.options.labels) attributes.emplace(name, value);
  tell(door.actors.events,
       event{of.name.ns, event::subject::container, std::move(action), of.name.id, std::move(attributes), now()});
}

} // namespace gantry::docker::endpoints
