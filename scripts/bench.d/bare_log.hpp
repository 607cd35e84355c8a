// SPDX-License-Identifier: MIT
// What a bare program pushes.
#pragma once

#include <string>
#include <vector>

namespace tether::bench {

struct Logged {
  std::string mutation_id;
  std::string entity_id;
  std::string model;
  std::string payload;
};

/// The log of a client's file, in its order.
std::vector<Logged> logged(const std::string& client_file);

}  // namespace tether::bench
