// SPDX-License-Identifier: MIT
// Waiting for the socket of a connection, and no longer than is allowed. Private to the driver.
#pragma once

#include <chrono>
#include <optional>

struct pg_conn;

namespace tether::sql {

using Deadline = std::chrono::steady_clock::time_point;

/// Until one of `events` (of poll()) came. False when the deadline passed.
bool wait_for(pg_conn* connection, short events, std::optional<Deadline> deadline);

}  // namespace tether::sql
