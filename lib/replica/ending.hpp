// SPDX-License-Identifier: MIT
// How a session with the server ended, and what the file remembers of it for `status`. Internal to lib/replica.
#pragma once

#include <string>

#include "replica/file.hpp"
#include "replica/push.hpp"
#include "replica/transport.hpp"

namespace tether::replica {

struct Ending {
  End end = End::done;
  std::string reason;
};

/// What an answer that is no reply means for the session.
Ending ending(const Answer& answer);

/// The server took part: keeps the time for `status`, and forgets why it once did not.
void note_contact(sql::Transaction& transaction, Instant now);

/// The session ended early: keeps the reason for `status`, in a transaction of its own.
void note_ended_early(File& file, const std::string& reason);

}  // namespace tether::replica
