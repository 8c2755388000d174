#pragma once

#include <string>

namespace gantry::cri::spdy {

/// The zlib dictionary that both ends of a connection compress header blocks with (SPDY Protocol, Draft 3.1, section
/// 2.6.10.1): 1,423 bytes.
const std::string& dictionary();

} // namespace gantry::cri::spdy
