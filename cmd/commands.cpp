// SPDX-License-Identifier: MIT
#include "cmd/commands.hpp"

namespace tether::cmd {
namespace {

constexpr Command k_commands[] = {
    {"init", "make the file, or add our tables to an existing SQLite file", define_init},
    {"config", "show or set what is stored in the file", define_config},
    {"record", "write: create, update, delete, or many at once", define_record},
    {"list", "the records of a model", define_list},
    {"show", "one record with its base, pending edits and history", define_show},
    {"push", "send what is pending to the server", define_push},
    {"pull", "fetch what changed on the server", define_pull},
    {"sync", "push, then pull", define_sync},
    {"status", "is my work safe on the server yet?", define_status},
    {"log", "the mutation log, newest last", define_log},
    {"conflicts", "list, show and resolve conflicts", define_conflicts},
    {"retry", "put failed mutations back in the queue", define_retry},
    {"replay", "fold the log into a fresh state, or check the live one", define_replay},
    {"doctor", "look for what is wrong, one line per check", define_doctor},
    {"compact", "forget what is long synced", define_compact},
    {"backup", "copy the file while it is in use", define_backup},
    {"completion", "completions for bash, zsh or fish", define_completion},
    {"version", "the version of this program", define_version},
};

}  // namespace

std::span<const Command> commands() {
  return k_commands;
}

}  // namespace tether::cmd
