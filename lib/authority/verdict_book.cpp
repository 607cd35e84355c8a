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

const rules::Verdict* VerdictBook::find(const MutationId& id, rules::QuestionKind kind) const {
  const auto found = heard_.find(id.value);
  if (found == heard_.end()) return nullptr;
  const auto entry = std::ranges::find(found->second, kind, [](const Heard& heard) { return heard.question.kind; });
  return entry == found->second.end() ? nullptr : &entry->verdict;
}

void VerdictBook::open(const MutationId& id, const rules::Command& command, rules::Question question) {
  open_ids_.push_back(id.value);
  open_.push_back({.command = command, .question = std::move(question)});
}

void VerdictBook::ask(Judge& judge, const protocol::Limits& limits) {
  std::vector<rules::Verdict> verdicts = authority::ask(judge, open_, limits);
  for (std::size_t i = 0; i < open_.size(); ++i) {
    heard_[open_ids_[i]].push_back({std::move(open_[i].question), std::move(verdicts[i])});
  }
  open_ids_.clear();
  open_.clear();
}

}  // namespace tether::authority
