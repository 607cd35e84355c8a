// SPDX-License-Identifier: MIT
// Values of a models file with their places in it, and what is wrong with them: nothing is thrown, so that one reading
// finds everything. Private to the reader (models.hpp).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/json_reader.hpp"
#include "rules/models.hpp"

namespace tether::rules {

using JsonKind = protocol::JsonReader::Kind;

/// A value, known to be valid JSON, and its path.
struct Node {
  std::string path;
  std::string_view text;

  JsonKind kind() const { return protocol::JsonReader(text).kind(); }
  bool is(JsonKind wanted) const { return kind() == wanted; }
  /// A member of this object.
  Node member(std::string_view key, std::string_view value) const;
};

/// Collects what is wrong.
class Faults {
 public:
  void add(std::string path, std::string message) { all_.push_back({std::move(path), std::move(message)}); }
  /// `unknown key "confict"; did you mean "conflict"?`, or, where none is near, which there are.
  void add_unknown(const Node& node, std::string_view what, std::string_view word,
                   const std::vector<std::string_view>& known);
  /// `must be an array, not a number`
  void add_kind(const Node& node, std::string_view wanted);
  std::vector<ModelsFault> take() { return std::move(all_); }
  bool empty() const { return all_.empty(); }

 private:
  std::vector<ModelsFault> all_;
};

/// The members of an object, in their order. Empty, with a fault, for anything else; `wanted` is what it should have
/// been.
std::vector<std::pair<std::string, Node>> members_of(const Node& node, std::string_view wanted, Faults& faults);
/// The items of an array.
std::vector<Node> items_of(const Node& node, std::string_view wanted, Faults& faults);

std::optional<std::string> text_of(const Node& node, std::string_view wanted, Faults& faults);
std::optional<bool> flag_of(const Node& node, Faults& faults);
/// The name of a field: of a member of a payload, and not of the id.
std::optional<std::string> field_of(const Node& node, Faults& faults);
bool check_field(const Node& node, std::string_view name, Faults& faults);
/// An array of names of fields, none twice.
std::vector<std::string> fields_of(const Node& node, Faults& faults);

/// A plain value, `{"claim": "name"}` or `{"value": …}`.
std::optional<Value> value_of(const Node& node, Faults& faults);
/// An object of conditions; at least one.
Conditions conditions_of(const Node& node, Faults& faults);
/// `["program", "argument"]`, or that with a time limit.
std::optional<Command> command_of(const Node& node, Faults& faults);

}  // namespace tether::rules
