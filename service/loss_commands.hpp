// SPDX-License-Identifier: MIT
// `tether-service losses`: every value that lost, with who wrote it, when, and why. What a models file redacts is not
// shown.
#pragma once

#include <ostream>
#include <string>

#include "service/options.hpp"

namespace tether::service {

struct LossRequest {
  std::string scope;
  std::string model;  // empty: all
  std::string id;     // of an entity; empty: all
};

/// Returns the exit code; faults are thrown.
int list_losses(const Options& options, const LossRequest& request, bool json, std::ostream& out);

}  // namespace tether::service
