// SPDX-License-Identifier: MIT
// What someone else is asked about a mutation, and what they say: programs that a models file names, or code that
// links this library. The rules only hold the question and take the answer; asking is done at the edges.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "base/strong.hpp"
#include "protocol/messages.hpp"

namespace tether::rules {

enum class QuestionKind {
  resolve,  // a conflict: what shall be stored?
  map,      // a payload that arrives: how shall it be stored?
};

/// All texts are JSON objects; base and theirs are `null` where there is nothing.
struct Question {
  QuestionKind kind = QuestionKind::resolve;
  ModelName model;
  EntityId entity_id;
  protocol::Operation operation = protocol::Operation::update;
  std::string base = "null";    // what the writer had seen, as far as it said
  std::string ours = "{}";      // what arrives; `null` for a delete
  std::string theirs = "null";  // what is stored; `null` when it is deleted or absent
  std::string claims = "{}";    // of the writer
  bool operator==(const Question&) const = default;
};

/// Store this payload.
struct Apply {
  std::string payload;
  bool operator==(const Apply&) const = default;
};
/// Delete the record (or leave it deleted). Only of QuestionKind::resolve.
struct Delete {
  bool operator==(const Delete&) const = default;
};
/// What is stored stays, and the writer is told of the conflict. Only of QuestionKind::resolve.
struct Keep {
  bool operator==(const Keep&) const = default;
};
/// The writer is told why not.
struct Refuse {
  std::string reason;       // as on the wire: `validation_failed`, `forbidden`, or a word that means nothing else there
  std::string data = "{}";  // an object
  bool operator==(const Refuse&) const = default;
};
/// No answer this time: the mutation is answered `error` and may be sent again.
struct NoAnswer {
  std::string why;  // for the log
  bool operator==(const NoAnswer&) const = default;
};

using Verdict = std::variant<Apply, Delete, Keep, Refuse, NoAnswer>;

}  // namespace tether::rules
