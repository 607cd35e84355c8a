// SPDX-License-Identifier: MIT
// Who is asked where a models file leaves a decision to others (`exec`, mappers). The service asks programs
// (service/program_pool.hpp); code that links this library derives from Judge, and needs no process for it.
#pragma once

#include <span>
#include <vector>

#include "protocol/limits.hpp"
#include "rules/model.hpp"
#include "rules/verdict.hpp"

namespace tether::authority {

struct Case {
  /// What the models file names for this model. A judge that is no program takes it for the name of whatever it likes.
  const rules::Command& command;
  rules::Question question;
};

class Judge {
 public:
  virtual ~Judge() = default;

  /// One verdict for each case, in their order. Called from many threads at once. No transaction is open meanwhile, but
  /// the writer of the batch waits, so whatever may take long needs a time limit and a NoAnswer behind it.
  ///
  /// To be answered from the question alone, and without acting on it: nothing says that the verdict will be stored,
  /// and when the record has changed meanwhile, or the writer's connection broke, it is asked again with what holds
  /// then.
  virtual std::vector<rules::Verdict> decide(std::span<const Case> cases) = 0;
};

/// The verdicts of `judge`, in the order of `cases`, each fit to be acted on: a payload is a JSON object and within the
/// limits, a reason cannot be taken for one that the protocol itself gives, a mapper decides on the payload only. What
/// is not fit becomes NoAnswer, and so does everything when the judge throws or has not one verdict for each case.
std::vector<rules::Verdict> ask(Judge& judge, std::span<const Case> cases, const protocol::Limits& limits);

}  // namespace tether::authority
