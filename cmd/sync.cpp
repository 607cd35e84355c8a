// SPDX-License-Identifier: MIT
#include "cmd/commands.hpp"
#include "cmd/sync_session.hpp"

namespace tether::cmd {

void define_sync(CommandLine& line) {
  auto options = std::make_shared<CycleOptions>();
  options->push = true;
  options->pull = true;
  define_cycle(line, options);
  line.details(
      R"(A push, then a pull. When the push cannot reach the server no pull is tried: run
it again later. What was rejected or met a conflict does not stop the pull.)");
}

}  // namespace tether::cmd
