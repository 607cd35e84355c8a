// SPDX-License-Identifier: MIT
// What a file does when its server was restored from a backup and may have lost what it acknowledged. Internal to
// lib/replica.
#pragma once

#include <string>

#include "replica/file.hpp"

namespace tether::replica {

/// Nothing is given up: what was acknowledged goes back in the queue, and the next pull begins from nothing. `epoch` is
/// the server's new one; where it has no new one, the one that it always had.
void start_over(File& file, const std::string& epoch);

}  // namespace tether::replica
