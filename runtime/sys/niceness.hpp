#pragma once

namespace gantry::sys {

/// How far the engine and its monitors stand before the containers that they serve, in nice values: a storm of these
/// must not delay what the engine answers.
inline constexpr int head_start = 10;

/// The calling thread's nice value (getpriority(2)).
int niceness();

/// Sets the calling thread's nice value, which threads and processes that it makes inherit; where this process leads a
/// session, that of its autogroup as well, by which sessions compete (sched(7)). Without the right to, all stays.
void set_niceness(int value);

/// From now on the calling thread waits for its turn when it is woken, and interrupts nobody (SCHED_BATCH, sched(7));
/// its share of the time stays. Threads and processes that it makes inherit that.
void interrupt_nobody();

} // namespace gantry::sys
