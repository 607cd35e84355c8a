// SPDX-License-Identifier: MIT
// What programs were asked about the mutations of one batch, and what they said. A verdict holds for the very question
// that was put: when the record has changed meanwhile, there is another one.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "authority/judge.hpp"
#include "base/strong.hpp"
#include "rules/model.hpp"
#include "rules/verdict.hpp"

namespace tether::authority {

class VerdictBook {
 public:
  /// Null: it was not asked, or something else was.
  const rules::Verdict* find(const MutationId& id, const rules::Question& question) const;

  /// To be asked. The command is copied: the models file may be replaced before.
  void open(const MutationId& id, const rules::Command& command, rules::Question question);
  bool has_open_questions() const { return !open_.empty(); }
  /// Puts the open questions, and keeps what is said.
  void ask(Judge& judge, const protocol::Limits& limits);
  /// How many times it asked.
  int rounds() const { return rounds_; }

 private:
  struct Heard {
    rules::Question question;
    rules::Verdict verdict;
  };
  struct Open {
    std::string mutation_id;
    rules::Command command;
    rules::Question question;
  };
  std::vector<Open> open_;
  int rounds_ = 0;
  std::unordered_map<std::string, std::vector<Heard>> heard_;  // by mutation id
};

}  // namespace tether::authority
