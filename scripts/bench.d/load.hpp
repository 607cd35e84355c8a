// SPDX-License-Identifier: MIT
// Many clients at once, as threads of this process: each pushes batches of new entities over a connection of its own,
// one after the other.
#pragma once

#include <string>
#include <vector>

namespace tether::bench {

struct Load {
  int port = 0;
  int clients = 1;
  int mutations = 1;                     // of each push
  int pushes = 1;                        // of each client
  std::vector<std::string> tokens = {};  // one per client; none: the service asks for none
};

struct Loaded {
  double ms = 0;                  // from the first push to the last answer
  std::vector<double> pushes_ms;  // each push, sorted
  int failed = 0;                 // pushes without a good answer
  double percentile(double percent) const;
};

Loaded push_together(const Load& load);

}  // namespace tether::bench
