#pragma once

#include "messages/metrics.hpp"

namespace gantry {

/// What slots are for. Each class has its own number of slots and its own bounded queue.
enum class work_kind : std::uint8_t { creation, launch, pull, extraction, archive };

/// Asks for a slot on behalf of `client` (fairness: clients take turns). The slot is freed by release_slot or by the
/// holder's end, whichever comes first.
struct acquire_slot {
  work_kind what;
  std::string client;
  caf::actor_addr holder;
};
struct slot {
  work_kind what;
  std::uint64_t id = 0;
  std::uint32_t place = 0; ///< 0 to slots - 1; no two held slots of a class have the same
};
struct release_slot {
  slot held;
};

/// The slot is freed by this one's end from now on.
struct pass_slot {
  slot held;
  caf::actor_addr holder;
};

/// What admission sends itself while anybody waits whose wait has a bound.
struct refuse_overdue {};

/// admission: slots for creations, pulls, extractions and archives, and the bounded queues before them.
using admission_actor = caf::typed_actor<
    // Answers when a slot is free; exhausted at once when the queue is full, or after a long wait for a creation or
    // start
    replies_to<acquire_slot>::with<slot>, reacts_to<release_slot>, reacts_to<pass_slot>, reacts_to<refuse_overdue>,
    replies_to<read_metrics>::with<metrics>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::acquire_slot)
GANTRY_MESSAGE(gantry::slot)
GANTRY_MESSAGE(gantry::release_slot)
GANTRY_MESSAGE(gantry::pass_slot)
GANTRY_MESSAGE(gantry::refuse_overdue)
