// SPDX-License-Identifier: MIT
// One cycle with the server, as push, pull and sync run it: under the file's sync lock, reported in one form.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/command_line.hpp"
#include "cmd/context.hpp"
#include "cmd/settings.hpp"
#include "protocol/messages.hpp"
#include "replica/file.hpp"
#include "replica/push.hpp"

namespace tether::cmd {

struct CycleOptions {
  bool push = false;
  bool pull = false;
  bool dry_run = false;
  bool offline = false;       // of a dry run: the server is not asked what it would do with a push
  bool expect_clean = false;  // of a dry run: what would not simply be taken is worth an exit code
  SettingValues settings;     // given as flags
};

/// What came of it. The first end that is not `done` ends the cycle: a server that cannot be reached is not asked
/// twice.
struct CycleReport {
  replica::End end = replica::End::done;
  std::string reason;
  replica::PushReport push;
  std::int64_t pulled = 0;
  std::int64_t overwritten = 0;  // as in replica::PullReport; so the next
  std::vector<protocol::OverwriteReport> overwrites;
  bool push_first = false;  // nothing was pulled, since a restored server has to be sent again what it had
  bool cut_short = false;   // by a fault, or since the server was not reached
};

/// Declares the options that the directions of `options` take, the exit codes, and running it.
void define_cycle(CommandLine& line, const std::shared_ptr<CycleOptions>& options);

ExitCode run_cycle(Context& context, const CycleOptions& options);

/// What to do where the server refuses us for `reason`.
std::string forbidden_hint(std::string_view reason);

/// Throws the Error that `end` stands for; returns when it is `done`.
void throw_unless_done(replica::End end, const std::string& reason);

/// Null when another process is syncing the file.
std::unique_ptr<replica::SyncLock> lock_unless_syncing(const std::string& path);

}  // namespace tether::cmd
