// SPDX-License-Identifier: MIT
// What a file does when its server was restored from a backup and may have lost what it acknowledged. Internal to
// lib/replica.
#pragma once

#include <string>

#include "replica/exchange.hpp"
#include "replica/file.hpp"

namespace tether::replica {

/// Nothing is given up: every acknowledged mutation that this log still has goes back in the queue under its own id,
/// and the next pull begins from nothing. What the server knows it answers as before, what it lost it takes anew.
/// `epoch` is the server's new one; where it has no new one, the one that it always had. Whether anything went back:
/// then nothing is pulled until it was pushed. A record that showed the server's state without it would carry that into
/// the next edit, which would undo on the server what was sent again just before.
///
/// No record changes: the server's state last seen has the effect of all that in it, and what others did since, so
/// laying it over once more would show what is past. All revs are of another time and are set to 0; a row that neither
/// the server nor this log brings back is kept as it is.
///
/// In steps, between which others may record. From the first on, the file says what it is about (starting_over), and
/// something is pending where anything was acknowledged; cut off between two, finish_starting_over() goes on.
bool start_over(File& file, Exchange& exchange, const std::string& epoch);

/// Before anything is sent or asked for: what is not in the queue yet must not be overtaken by what was recorded later.
void finish_starting_over(File& file, Exchange& exchange);

bool must_push_first(sql::Transaction& transaction);

/// All was offered that could be: what the server puts off or refuses holds up no pull. It becomes an open edit again,
/// unless someone wrote after it.
void pulls_may_go_on(File& file, Exchange& exchange);

}  // namespace tether::replica
