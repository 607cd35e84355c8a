// SPDX-License-Identifier: MIT
// Whoever decides what the rules leave to others: the programs that a models file names, or code that links this
// library and implements this class.
#pragma once

#include <span>
#include <vector>

#include "rules/model.hpp"
#include "rules/verdict.hpp"

namespace tether::authority {

struct Asked {
  const rules::Command* command;  // whom the models file names
  rules::Question question;
};

class Judge {
 public:
  virtual ~Judge() = default;
  /// One verdict for each, in their order. Called from any thread, several at a time, with no transaction open; may
  /// take its time, and answers NoAnswer when it took too long. Never throws.
  virtual std::vector<rules::Verdict> judge(std::span<const Asked> questions) = 0;
};

}  // namespace tether::authority
