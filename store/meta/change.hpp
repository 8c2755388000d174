#pragma once

// The structs of what can be done to records stand in messages/domain/change.hpp, since actors send them to each other:
// database::apply takes record_change values; each is a savepoint of its own within one transaction.
#include "messages/domain/change.hpp"
