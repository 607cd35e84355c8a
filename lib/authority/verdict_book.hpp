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
  /// Whatever was asked of that kind. Null: nothing was.
  const rules::Verdict* find(const MutationId& id, rules::QuestionKind kind) const;

  /// To be asked. `command` outlives the book.
  void open(const MutationId& id, const rules::Command& command, rules::Question question);
  bool has_open_questions() const { return !open_.empty(); }
  /// Puts the open questions, and keeps what is said.
  void ask(Judge& judge, const protocol::Limits& limits);

 private:
  struct Heard {
    rules::Question question;
    rules::Verdict verdict;
  };
  std::vector<std::string> open_ids_;  // of the mutations that open_ asks about
  std::vector<Case> open_;
  std::unordered_map<std::string, std::vector<Heard>> heard_;  // by mutation id
};

}  // namespace tether::authority
