// SPDX-License-Identifier: MIT
// Everything that a models file says about one mutation, in its order: who may write, what is visible, the mapper, the
// names and values that are stored, the policy, the schema. Pure: what programs have to say is brought along.
#pragma once

#include <optional>
#include <string_view>

#include "protocol/messages.hpp"
#include "rules/model.hpp"
#include "rules/resolve.hpp"
#include "rules/verdict.hpp"

namespace tether::rules {

/// What was asked about this mutation and answered; null: not asked yet.
struct Verdicts {
  const Verdict* map = nullptr;
  const Verdict* resolve = nullptr;
};

/// What the mapper of the model will be asked about the mutation, which no record changes; nullopt: nothing.
std::optional<Question> map_question(const protocol::Mutation& sent, const Model& model, std::string_view claims);

/// `sent` is the mutation as it arrived. Fields of a Conflict are named as clients name them; those of Applied as they
/// are stored.
Outcome decide(const protocol::Mutation& sent, const Record& record, const Writer& writer, const Model& model,
               const Verdicts& verdicts);

}  // namespace tether::rules
