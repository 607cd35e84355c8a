// SPDX-License-Identifier: MIT
#include "authority/verdict_book.hpp"

#include <algorithm>
#include <utility>

namespace tether::authority {

const rules::Verdict* VerdictBook::find(const MutationId& id, const rules::Question& question) const {
  const auto found = heard_.find(id.value);
  if (found == heard_.end()) return nullptr;
  const auto entry = std::ranges::find(found->second, question, &Heard::question);
  return entry == found->second.end() ? nullptr : &entry->verdict;
}

void VerdictBook::open(const MutationId& id, const rules::Command& command, rules::Question question) {
  open_.push_back({.mutation_id = id.value, .command = command, .question = std::move(question)});
}

void VerdictBook::ask(Judge& judge, const protocol::Limits& limits) {
  std::vector<Case> cases;
  cases.reserve(open_.size());
  for (Open& one : open_) cases.push_back({.command = one.command, .question = std::move(one.question)});
  std::vector<rules::Verdict> verdicts = authority::ask(judge, cases, limits);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    heard_[open_[i].mutation_id].push_back({std::move(cases[i].question), std::move(verdicts[i])});
  }
  ++rounds_;
  open_.clear();
}

}  // namespace tether::authority
