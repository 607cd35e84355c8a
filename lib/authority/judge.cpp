// SPDX-License-Identifier: MIT
#include "authority/judge.hpp"

#include <algorithm>
#include <exception>
#include <optional>
#include <string_view>

#include "base/error.hpp"
#include "protocol/messages.hpp"
#include "protocol/payload.hpp"

namespace tether::authority {

namespace {

using rules::QuestionKind;
using rules::Verdict;
using Fault = std::optional<std::string>;  // why a verdict is not fit to be acted on

constexpr std::size_t k_reason_bytes_max = 64;

// A client takes these for news about the sending, not about the edit: it would count as done what was refused
// (`duplicate`), look for a conflict's data, or send it again and again. The last two mean something to the ledger.
constexpr std::string_view k_reserved[] = {
    protocol::reason::k_duplicate,
    protocol::reason::k_mutation_id_reused,
    protocol::reason::k_expired,
    protocol::reason::k_error,
    "conflict",
    "applied",
    "merged",
};

bool is_word(std::string_view text) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= k_reason_bytes_max && std::ranges::all_of(text, is_allowed);
}

Fault object_fault(std::string_view what, std::string_view text, const protocol::Limits& limits) {
  if (text.size() > limits.payload_bytes_max) {
    return std::string(what) + " of " + std::to_string(text.size()) + " bytes: at most " +
           std::to_string(limits.payload_bytes_max) + " are allowed";
  }
  try {
    protocol::check_object(text);
    return std::nullopt;
  } catch (const Error& error) {
    return std::string(what) + ": " + error.what();
  }
}

Fault refusal_fault(const rules::Refuse& refusal, const protocol::Limits& limits) {
  if (!is_word(refusal.reason)) {
    return "a reason is one word of at most " + std::to_string(k_reason_bytes_max) +
           " letters, digits, _ and -; what a person shall read belongs into the messages";
  }
  if (std::ranges::find(k_reserved, refusal.reason) != std::end(k_reserved)) {
    return "the reason '" + refusal.reason + "' is the protocol's own";
  }
  return object_fault("the data of a refusal", refusal.data, limits);
}

Fault fault_of(const Verdict& verdict, QuestionKind kind, const protocol::Limits& limits) {
  if (const auto* apply = std::get_if<rules::Apply>(&verdict)) {
    return object_fault("a payload", apply->payload, limits);
  }
  if (const auto* refusal = std::get_if<rules::Refuse>(&verdict)) return refusal_fault(*refusal, limits);
  if (kind == QuestionKind::map && !std::holds_alternative<rules::NoAnswer>(verdict)) {
    return "only a payload or a refusal answers how a payload shall be stored";
  }
  return std::nullopt;
}

std::vector<Verdict> no_answers(std::size_t count, const std::string& why) {
  return std::vector<Verdict>(count, rules::NoAnswer{why});
}

}  // namespace

std::vector<Verdict> ask(Judge& judge, std::span<const Case> cases, const protocol::Limits& limits) {
  std::vector<Verdict> verdicts;
  try {
    verdicts = judge.decide(cases);
  } catch (const std::exception& error) {
    return no_answers(cases.size(), error.what());
  }
  if (verdicts.size() != cases.size()) {
    return no_answers(cases.size(),
                      std::to_string(verdicts.size()) + " verdicts for " + std::to_string(cases.size()) + " questions");
  }
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (auto fault = fault_of(verdicts[i], cases[i].question.kind, limits)) verdicts[i] = rules::NoAnswer{*fault};
  }
  return verdicts;
}

}  // namespace tether::authority
