// SPDX-License-Identifier: MIT
// `tether version`.
#include "cmd/commands.hpp"
#include "cmd/context.hpp"
#include "cmd/json_out.hpp"

namespace tether::cmd {
namespace {

constexpr std::int64_t k_protocol_version = 1;

ExitCode run_version(Context& context) {
  if (!context.json()) {
    context.terminal().line("tether " TETHER_VERSION);
    return ExitCode::done;
  }
  JsonObject object;
  object.text("name", "tether").text("version", TETHER_VERSION).integer("protocol", k_protocol_version);
  context.terminal().line(std::move(object).finish());
  return ExitCode::done;
}

}  // namespace

void define_version(CommandLine& line) {
  line.run(run_version);
}

}  // namespace tether::cmd
