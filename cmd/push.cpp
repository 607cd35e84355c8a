// SPDX-License-Identifier: MIT
#include "cmd/commands.hpp"
#include "cmd/sync_session.hpp"

namespace tether::cmd {

void define_push(CommandLine& line) {
  auto options = std::make_shared<CycleOptions>();
  options->push = true;
  define_cycle(line, options);
  line.details(
      R"(Sends everything pending, in the order in which it was recorded, and files what
became of each mutation. With nothing pending no request is made. Killed or cut
off anywhere, the next push goes on; nothing is applied twice. A mutation that is
rejected does not hold up the others.

--dry-run asks the server what it would do with everything pending; nothing is
changed, neither here nor there. With --offline, or where no server is set, it
lists what would be sent.)");
}

}  // namespace tether::cmd
