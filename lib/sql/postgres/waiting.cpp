// SPDX-License-Identifier: MIT
#include "sql/postgres/waiting.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace tether::sql {

bool wait_for(pg_conn* connection, short events, std::optional<Deadline> deadline) {
  pollfd socket{PQsocket(connection), events, 0};
  for (;;) {
    int milliseconds = -1;
    if (deadline) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Deadline::clock::now());
      milliseconds = static_cast<int>(std::max<std::int64_t>(0, left.count()));
    }
    const int ready = poll(&socket, 1, milliseconds);
    if (ready >= 0 || errno != EINTR) return ready != 0;
  }
}

}  // namespace tether::sql
