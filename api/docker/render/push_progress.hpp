#pragma once

#include <map>

#include "api/docker/render/json.hpp"
#include "messages/domain/event.hpp"
#include "messages/images.hpp"

namespace gantry::docker {

/// Turns the progress of a push's layers into the lines that docker push reads, as pull_progress does for a pull.
class push_progress {
public:
  /// The lines that this step adds, each with its newline; empty for one that says nothing new.
  std::string lines(const layer_progress& now);

private:
  std::map<digest, layer_progress> last_;
};

/// The last lines of a push: the digest that the tag has in the registry, for people and for programs.
std::string push_end(const reference& name, const pushed_image& done);

} // namespace gantry::docker
