// SPDX-License-Identifier: MIT
// The whole program as a function of its arguments: what main calls, and tests too.
#pragma once

#include <string>
#include <vector>

#include "cmd/context.hpp"
#include "cmd/output.hpp"

namespace tether::cmd {

/// Says what failed on stderr, as text or as JSON; returns what the process ends with.
int report_error(Terminal& terminal, const Error& error);

/// Whether `--json` stands anywhere, so that a command line that cannot be read is refused as JSON too.
bool asks_for_json(const std::vector<std::string>& arguments);

/// Parses, runs and reports; returns what the process ends with. Every error ends up here, as text or as JSON.
int run_program(const std::vector<std::string>& arguments, World world, Terminal& terminal);

}  // namespace tether::cmd
