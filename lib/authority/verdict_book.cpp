// SPDX-License-Identifier: MIT
#include "authority/verdict_book.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"

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
  open_.push_back({.mutation_id = id.value, .asked = {.command = &command, .question = std::move(question)}});
}

void VerdictBook::ask(Judge& judge) {
  std::vector<Asked> questions;
  questions.reserve(open_.size());
  for (Open& one : open_) questions.push_back(std::move(one.asked));
  std::vector<rules::Verdict> verdicts = judge.judge(questions);
  TETHER_ASSERT(verdicts.size() == questions.size());
  for (std::size_t i = 0; i < questions.size(); ++i) {
    heard_[open_[i].mutation_id].push_back({std::move(questions[i].question), std::move(verdicts[i])});
  }
  open_.clear();
}

}  // namespace tether::authority
