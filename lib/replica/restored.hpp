// SPDX-License-Identifier: MIT
// What a file does when its server was restored from a backup and may have lost what it acknowledged. Internal to
// lib/replica.
#pragma once

#include <string>

#include "replica/file.hpp"

namespace tether::replica {

/// Nothing is given up: what was acknowledged goes back in the queue, and the next pull begins from nothing. `epoch` is
/// the server's new one; where it has no new one, the one that it always had. Whether anything went back: then nothing
/// is pulled until it was pushed. A record that showed the server's state without it would carry that into the next
/// edit, which would undo on the server what was sent again just before.
bool start_over(File& file, const std::string& epoch);

bool must_push_first(sql::Transaction& transaction);

/// All was offered that could be: what the server puts off or refuses holds up no pull. It becomes an open edit again,
/// unless someone wrote after it.
void pulls_may_go_on(File& file);

}  // namespace tether::replica
