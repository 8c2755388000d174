#pragma once

#include <map>
#include <optional>

#include "api/docker/render/json.hpp"
#include "messages/domain/event.hpp"

namespace gantry::docker {

/// A progress event of a pull or push: its id, as action the step ("waiting", "downloading", "extracting", "done",
/// "exists", "pushing", "pushed", "mounted"), attributes "layer", "current" and "total". None when it is not of that
/// form.
std::optional<layer_progress> progress_of(const event& e);

/// Turns the progress of a pull's layers into the lines that docker pull reads: each change of step once, bytes in
/// between; nothing of an image whose layers are all there. One per pull.
class pull_progress {
public:
  /// The lines that this step adds, each with its newline; empty for one that says nothing new.
  std::string lines(const layer_progress& now);

private:
  std::map<digest, layer_progress> last_;
  std::string held_;    ///< of layers that are there, until another is not
  bool brings_ = false; ///< another is not
};

/// The line of a progress event of a download for an import: action "importing", attributes "current" and "total" (0:
/// not known); empty when it is none.
std::string import_line(const event& e);

/// One line: {"status": …}, with an id where there is one.
std::string status_line(std::string_view status, std::string_view id = {});
/// The last line of a pull that failed: the head of the response has said 200 long before.
std::string error_line(const error& why);

} // namespace gantry::docker
