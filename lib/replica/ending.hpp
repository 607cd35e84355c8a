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

/// The session ended early: keeps why for `status`, in a transaction of its own.
void note_ended_early(File& file, const std::string& reason, End end = End::unreachable);

/// A session ends with `fault`: where the server's answer was the cause, `status` will say so. Throws nothing: the
/// fault matters more.
void note_fault(File& file, const Error& fault) noexcept;

/// Why the last session ended early, for a person; empty when the server took part since.
std::string why_ended_early(sql::Transaction& transaction);

}  // namespace tether::replica
