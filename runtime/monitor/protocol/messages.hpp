#pragma once

// The structs of the protocol stand in messages/domain/monitor.hpp, since the launcher's interface speaks in them too.
#include "messages/domain/monitor.hpp"
