#pragma once

#include <memory>

#include "runtime/monitor/job_queue.hpp"
#include "runtime/monitor/protocol/messages.hpp"

namespace gantry::monitor {

using responder = std::function<void(result<reply>)>;

/// Serves run_process: a program of the host, its input from memory, its output collected up to a bound. Answers when
/// it has ended and its output is closed, or a second after its end when a daemon that it left behind holds the output.
void run_host_process(event_loop& loop, job_queue& queue, run_process what, responder respond);

} // namespace gantry::monitor
