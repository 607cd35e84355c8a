// SPDX-License-Identifier: MIT
// One pull: pages of what changed since the cursor. Rows and cursor of a page commit together; open edits are laid over
// what arrives, never lost. The cursor never moves past a row that was not applied. When the server says `reset`, what
// it sends is the full state: rows that it did not bring are forgotten at the end, except where an edit is still open.
// The caller holds the SyncLock.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "replica/exchange.hpp"
#include "replica/file.hpp"
#include "replica/push.hpp"

namespace tether::replica {

struct PullOptions {
  std::optional<std::int64_t> page;  // rows asked for per page; the server's default when not given
  std::function<void(std::int64_t done)> progress = [](std::int64_t) {};
};

struct PullReport {
  End end = End::done;
  std::string reason;
  std::int64_t pulled = 0;       // snapshots applied
  std::int64_t overwritten = 0;  // told for the first time: what others had overwritten of this file's mutations
  std::vector<protocol::OverwriteReport> overwrites;  // at most 1000 of it, and 4 MiB; the log has all
  // The server was restored: what it had acknowledged is pending again. Until it was pushed nothing is pulled.
  bool push_first = false;
};

/// The request that the next pull makes first: from where the file stands.
std::string next_pull_request(File& file, std::optional<std::int64_t> page);

PullReport pull(File& file, Exchange& exchange, const PullOptions& options);

}  // namespace tether::replica
