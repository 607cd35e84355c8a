// SPDX-License-Identifier: MIT
// The table of commands. One file per command defines the function named here; nothing else is shared between them.
#pragma once

#include <span>
#include <string_view>

#include "cmd/command_line.hpp"

namespace tether::cmd {

void define_init(CommandLine& line);
void define_config(CommandLine& line);
void define_record(CommandLine& line);
void define_list(CommandLine& line);
void define_show(CommandLine& line);
void define_push(CommandLine& line);
void define_pull(CommandLine& line);
void define_sync(CommandLine& line);
void define_status(CommandLine& line);
void define_log(CommandLine& line);
void define_conflicts(CommandLine& line);
void define_retry(CommandLine& line);
void define_replay(CommandLine& line);
void define_doctor(CommandLine& line);
void define_compact(CommandLine& line);
void define_backup(CommandLine& line);
void define_completion(CommandLine& line);
void define_version(CommandLine& line);

/// In the order in which the help text shows them.
std::span<const Command> commands();

}  // namespace tether::cmd
