// SPDX-License-Identifier: MIT
// What a models file says of one model, as plain data that the rules work on. service/MODELS.md describes it for
// people, models.hpp reads it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/json_schema.hpp"
#include "rules/merge.hpp"

namespace tether::rules {

/// How a conflict is decided: an edit made without having seen a change that someone else had brought to the server.
enum class Policy {
  last_write_wins,  // by edit time; the whole row
  server_wins,      // what arrives later is a conflict
  client_wins,      // what arrives is applied
  merge,            // three-way, field by field
  manual,           // always a conflict, for a person
  exec,             // a command decides
};

/// Between an edit and a delete that did not know of each other.
enum class DeletePolicy {
  by_policy,    // a delete like any edit; an edit of what is deleted is a conflict
  delete_wins,  // a delete is applied; an edit of what is deleted is a conflict
  edit_wins,    // a delete is a conflict; an edit of what is deleted revives it
  conflict,     // either is a conflict
};

/// A value that is either written in the models file or taken from what is known of the caller. Texts of JSON.
struct Value {
  std::string constant;  // empty: from the claim
  std::string claim;     // its name
};

/// The field (of a payload, or a claim) is one of these: `equals` as given, or the elements of an array that a claim
/// holds (`any_of_claim`).
struct Condition {
  std::string field;
  std::vector<Value> any_of;
  std::optional<std::string>
      any_of_claim;  // a claim that holds an array; a claim of another type counts as its element
};

/// All of them must hold; none is always true.
using Conditions = std::vector<Condition>;

/// A program that is asked over NDJSON (service/MODELS.md, "Programs that decide").
struct Command {
  std::vector<std::string> arguments;  // the first is the program
  std::int64_t time_limit_ms = 2'000;  // for one answer
  bool operator==(const Command&) const = default;
};

struct Model {
  std::optional<std::vector<std::string>> fields;  // the only ones that clients may write, as stored
  std::vector<std::string> except;                 // all but these
  bool read_only = false;
  Conditions read_only_if;  // about claims; when not empty, read-only for callers of whom all hold
  std::shared_ptr<const JsonSchema> validate;
  std::vector<std::pair<std::string, std::string>> rename;  // from the name on the wire to the one that is stored
  std::vector<std::pair<std::string, Value>> set;           // forced, whatever the payload says
  std::vector<std::string> hide;                            // left out of what clients are told
  std::vector<std::pair<std::string, std::string>> mask;    // field, and the text of JSON told in its place
  Conditions visible;                                       // between payload fields (as stored) and claims
  bool timestamps = false;                                  // created_at and updated_at in what clients are told
  Policy policy = Policy::last_write_wins;
  DeletePolicy delete_policy = DeletePolicy::by_policy;
  Strategies strategies;
  std::optional<Command> resolver;  // of Policy::exec
  std::optional<Command> mapper;    // is asked about every payload that arrives
  std::vector<std::string> redact;  // not shown in lists of what lost
};

/// Which models exist and what is said of them. Without a file, every model is accepted with the defaults.
class Models {
 public:
  /// Any model.
  Models() = default;
  explicit Models(std::map<std::string, Model, std::less<>> by_name) : by_name_(std::move(by_name)), any_(false) {}

  /// Null: there is no such model.
  const Model* find(std::string_view name) const {
    if (any_) return &default_;
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : &found->second;
  }
  bool any() const { return any_; }
  const std::map<std::string, Model, std::less<>>& by_name() const { return by_name_; }

 private:
  std::map<std::string, Model, std::less<>> by_name_;
  Model default_;
  bool any_ = true;
};

}  // namespace tether::rules
