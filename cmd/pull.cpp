// SPDX-License-Identifier: MIT
#include "cmd/commands.hpp"
#include "cmd/sync_session.hpp"

namespace tether::cmd {

void define_pull(CommandLine& line) {
  auto options = std::make_shared<CycleOptions>();
  options->pull = true;
  define_cycle(line, options);
  line.details(
      R"(Fetches what changed on the server since the last pull, page by page. Local edits
that are not pushed yet are laid over what arrives and never lost. Cut off
anywhere, the next pull goes on from the last whole page.

--dry-run asks for one page, says how many changes it holds, and stores nothing.)");
}

}  // namespace tether::cmd
