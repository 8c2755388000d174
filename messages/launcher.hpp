#pragma once

#include "messages/container_supervisor.hpp"
#include "messages/domain/monitor.hpp"
#include "messages/metrics.hpp"

namespace gantry {

/// Who hears of the ends of a container's processes.
struct watch_container {
  key container;
  container_supervisor_actor supervisor;
};
struct unwatch_container {
  key container;
};

/// Who hears that the monitor died. Its containers live and get a new one; the namespaces that it held are gone.
struct monitor_died {
  std::uint32_t monitor = 0; ///< index
};
using monitor_watcher_actor = caf::typed_actor<reacts_to<monitor_died>>;
struct watch_monitor {
  monitor_watcher_actor watcher;
};

/// Connects to the monitor, or starts it. The first message that a launcher gets.
struct connect_launcher {};

/// From the connection's own thread: the answer to the request with this number.
struct monitor_answered {
  std::uint64_t request = 0;
  result<monitor::reply> answer;
};
/// From the connection's own thread: it is gone.
struct monitor_lost {
  std::string why;
};

/// Its own reminder to look for requests whose time is over.
struct look_for_overdue {};

/// launcher: the connection to one monitor. It keeps the deadlines of what it asks (deadline::monitor,
/// deadline::launch) and answers by `timeout`, so that who asks it needs none. Requests are the monitor's own
/// (messages/domain/monitor.hpp); it starts a new monitor when the old one died, and hands its containers over to it.
using launcher_actor = caf::typed_actor<
    reacts_to<watch_container>, reacts_to<unwatch_container>, reacts_to<watch_monitor>,
    replies_to<connect_launcher>::with<done>, replies_to<monitor::start_container>::with<monitor::started>,
    replies_to<monitor::exec_process>::with<monitor::started>, replies_to<monitor::signal_process>::with<done>,
    replies_to<monitor::signal_all>::with<done>, replies_to<monitor::pause_container>::with<done>,
    replies_to<monitor::resume_container>::with<done>, replies_to<monitor::delete_container>::with<done>,
    replies_to<monitor::open_stream>::with<monitor::stream_token>, replies_to<monitor::resize_terminal>::with<done>,
    replies_to<monitor::make_network_namespace>::with<monitor::namespace_path>,
    replies_to<monitor::drop_network_namespace>::with<done>,
    replies_to<monitor::run_process>::with<monitor::process_result>,
    replies_to<monitor::list_containers>::with<monitor::container_list>,
    replies_to<monitor::adopt_container>::with<done>, replies_to<monitor::shut_down>::with<done>,
    replies_to<monitor::reopen_log>::with<done>,
    replies_to<monitor::make_pod_namespaces>::with<monitor::pod_namespaces>,
    replies_to<monitor::drop_pod_namespaces>::with<done>, reacts_to<monitor::process_exited>,
    reacts_to<monitor_answered>, reacts_to<monitor_lost>, reacts_to<look_for_overdue>,
    replies_to<read_metrics>::with<metrics>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::watch_container)
GANTRY_MESSAGE(gantry::unwatch_container)
GANTRY_MESSAGE(gantry::monitor_died)
GANTRY_MESSAGE(gantry::watch_monitor)
GANTRY_MESSAGE(gantry::look_for_overdue)
GANTRY_MESSAGE(gantry::connect_launcher)
GANTRY_MESSAGE(gantry::monitor_answered)
GANTRY_MESSAGE(gantry::monitor_lost)
GANTRY_MESSAGE(gantry::monitor::start_container)
GANTRY_MESSAGE(gantry::monitor::exec_process)
GANTRY_MESSAGE(gantry::monitor::signal_process)
GANTRY_MESSAGE(gantry::monitor::signal_all)
GANTRY_MESSAGE(gantry::monitor::pause_container)
GANTRY_MESSAGE(gantry::monitor::resume_container)
GANTRY_MESSAGE(gantry::monitor::delete_container)
GANTRY_MESSAGE(gantry::monitor::open_stream)
GANTRY_MESSAGE(gantry::monitor::resize_terminal)
GANTRY_MESSAGE(gantry::monitor::make_network_namespace)
GANTRY_MESSAGE(gantry::monitor::drop_network_namespace)
GANTRY_MESSAGE(gantry::monitor::run_process)
GANTRY_MESSAGE(gantry::monitor::list_containers)
GANTRY_MESSAGE(gantry::monitor::adopt_container)
GANTRY_MESSAGE(gantry::monitor::shut_down)
GANTRY_MESSAGE(gantry::monitor::reopen_log)
GANTRY_MESSAGE(gantry::monitor::make_pod_namespaces)
GANTRY_MESSAGE(gantry::monitor::drop_pod_namespaces)
GANTRY_MESSAGE(gantry::monitor::pod_namespaces)
GANTRY_MESSAGE(gantry::monitor::done)
GANTRY_MESSAGE(gantry::monitor::started)
GANTRY_MESSAGE(gantry::monitor::stream_token)
GANTRY_MESSAGE(gantry::monitor::namespace_path)
GANTRY_MESSAGE(gantry::monitor::process_result)
GANTRY_MESSAGE(gantry::monitor::container_list)
GANTRY_MESSAGE(gantry::monitor::process_exited)
