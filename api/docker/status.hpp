#pragma once

#include "api/docker/reply.hpp"

namespace gantry::docker {

/// The one place where an error becomes an HTTP status (Docker Engine API, and moby's errdefs).
int status_of(const error& why);

/// The whole answer: {"message": …}, Retry-After for what may be asked again, nothing at all for 304.
response error_response(const error& why);

/// What starting a process said, in the class that dockerd gives it: a program that is not there or may not be executed
/// is the request's fault (400), and the client derives its exit status 127 or 126 from the words.
error start_error(error why);

/// What went wrong with a body that the client sent, in the class that says whose fault it was: an archive that is none
/// is the request's; a disk that is full is no reason to ask again at once.
error upload_error(error why);

} // namespace gantry::docker
