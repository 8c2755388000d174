#pragma once

#include <string_view>

namespace gantry::daemon {

/// Tells the service manager "READY=1", "STOPPING=1" or a STATUS (sd_notify(3)), when $NOTIFY_SOCKET names one: a path,
/// or an abstract name after "@". In silence when there is none or it does not listen: it is only told, never needed.
void notify_service_manager(std::string_view state);

} // namespace gantry::daemon
