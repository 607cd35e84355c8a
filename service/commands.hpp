// SPDX-License-Identifier: MIT
// What `tether-service` does, one function per command. Each returns the exit code; faults are thrown.
#pragma once

#include <chrono>
#include <memory>
#include <ostream>

#include "service/options.hpp"
#include "service/world.hpp"
#include "sql/database.hpp"

namespace tether::service {

constexpr int k_exit_done = 0;
constexpr int k_exit_fault = 1;
constexpr int k_exit_usage = 2;
constexpr int k_exit_needs_attention = 3;

/// Until SIGTERM or SIGINT. Logs to stderr.
int serve(const Options& options, const Values& values, World& world);
/// Brings the store up to date; with `only_check` says whether that is needed.
int migrate(const Options& options, bool only_check, World& world, std::ostream& out);
/// For a store that was put back from a backup: brings it up to date and gives every scope a new epoch, by which
/// clients see that what they sent since may be gone. The store must be there.
int migrate_restored(const Options& options, World& world, std::ostream& out);
/// Validates the settings (done when it is called) and the store, without serving.
int check(const Options& options, World& world, std::ostream& out);
/// The store as it is, of the schema of this version; throws Error with what to run otherwise.
std::unique_ptr<sql::Database> open_migrated_store(const Options& options);
int compact(const Options& options, std::chrono::milliseconds keep, World& world, std::ostream& out);

}  // namespace tether::service
