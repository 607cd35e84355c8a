// SPDX-License-Identifier: MIT
// The command line, taken apart. The one room of the service that knows CLI11, which takes seconds to compile.
#pragma once

#include <optional>
#include <string>

#include "service/access_commands.hpp"
#include "service/loss_commands.hpp"
#include "service/options.hpp"

namespace tether::service {

struct CommandLine {
  std::string command;      // serve, migrate, check, compact, version, token create, …
  Texts flags;              // settings that were given
  std::string config_file;  // empty: none
  std::string keep;         // of compact
  bool only_check = false;  // of migrate
  bool restored = false;    // of migrate
  TokenRequest token;       // of token create
  std::string id;           // of token revoke and device revoke
  std::string scope;        // of device revoke
  bool undo = false;        // of device revoke
  bool json = false;        // of token, device and losses
  LossRequest losses;
};

/// nullopt: a help text was printed and nothing is left to do. Throws Error(usage).
std::optional<CommandLine> parse_command_line(int argc, const char* const* argv);

}  // namespace tether::service
