// SPDX-License-Identifier: MIT
#include "rules/model_node.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/nearest.hpp"
#include "base/utf8.hpp"
#include "protocol/payload.hpp"

namespace tether::rules {

namespace {

using protocol::JsonReader;

constexpr std::int64_t k_time_limit_ms_max = 600'000;  // longer than any client waits for its answer
constexpr std::size_t k_shown_bytes_max = 64;          // of a word in a message

std::string_view name(JsonKind kind) {
  switch (kind) {
    case JsonKind::object:
      return "an object";
    case JsonKind::array:
      return "an array";
    case JsonKind::string:
      return "a text";
    case JsonKind::number:
      return "a number";
    case JsonKind::boolean:
      return "true or false";
    case JsonKind::null:
      return "null";
  }
  return "a value";
}

std::string shown(std::string_view word) {
  const auto start = utf8_prefix(word, k_shown_bytes_max);
  return fmt::format("{}{}", start, start.size() < word.size() ? "…" : "");
}

std::optional<std::string> claim_of(const Node& node, Faults& faults) {
  auto claim = text_of(node, "the name of a claim", faults);
  if (!claim || !claim->empty()) return claim;
  faults.add(node.path, "the name of a claim must not be empty");
  return std::nullopt;
}

/// The only member of an object that names what kind of value it is.
std::optional<std::pair<std::string, Node>> only_member(const Node& node, const std::vector<std::string_view>& known,
                                                        Faults& faults) {
  const auto members = members_of(node, "an object", faults);
  bool is_known = true;
  for (const auto& [key, value] : members) {
    if (std::ranges::find(known, key) != known.end()) continue;
    faults.add_unknown(value, "key", key, known);
    is_known = false;
  }
  if (!is_known) return std::nullopt;
  if (members.size() == 1) return members.front();
  faults.add(node.path, fmt::format("must have one key, {}", fmt::join(known, " or ")));
  return std::nullopt;
}

void read_any_of(const Node& node, Condition& condition, Faults& faults) {
  if (node.is(JsonKind::object)) {
    const auto member = only_member(node, {"claim"}, faults);
    if (member) condition.any_of_claim = claim_of(member->second, faults);
    return;
  }
  const auto items = items_of(node, R"(an array of values or {"claim": "name"})", faults);
  for (const auto& item : items) {
    if (auto value = value_of(item, faults)) condition.any_of.push_back(std::move(*value));
  }
  if (items.empty() && node.is(JsonKind::array))
    faults.add(node.path, "must have at least one value: no row fits none");
}

Condition condition_of(std::string field, const Node& node, Faults& faults) {
  Condition condition{.field = std::move(field)};
  if (node.is(JsonKind::array)) {
    faults.add(node.path, R"(must be a value, {"claim": "name"} or {"in": […]}; an array stands behind "in")");
  } else if (node.is(JsonKind::object)) {
    const auto member = only_member(node, {"in", "claim", "value"}, faults);
    if (!member) return condition;
    if (member->first == "in") {
      read_any_of(member->second, condition, faults);
    } else if (auto value = value_of(node, faults)) {
      condition.any_of.push_back(std::move(*value));
    }
  } else {
    condition.any_of.push_back({.constant = std::string(node.text)});
  }
  return condition;
}

void read_arguments(const Node& node, Command& command, Faults& faults) {
  for (const auto& item : items_of(node, "an array: the program and its arguments", faults)) {
    auto argument = text_of(item, "a text", faults);
    if (!argument) continue;
    if (argument->find('\0') != std::string::npos) faults.add(item.path, "must not hold the character U+0000");
    command.arguments.push_back(std::move(*argument));
  }
  const bool names_none = command.arguments.empty() || command.arguments.front().empty();
  if (names_none && node.is(JsonKind::array)) faults.add(node.path, "must name a program");
}

void read_time_limit(const Node& node, Command& command, Faults& faults) {
  try {
    command.time_limit_ms = JsonReader(node.text).integer();
    if (command.time_limit_ms >= 1 && command.time_limit_ms <= k_time_limit_ms_max) return;
  } catch (const Error&) {
    // no integer: what is said below
  }
  faults.add(node.path, fmt::format("must be a whole number of milliseconds, 1 to {}", k_time_limit_ms_max));
}

}  // namespace

Node Node::member(std::string_view key, std::string_view value) const {
  return {.path = path.empty() ? shown(key) : fmt::format("{}.{}", path, shown(key)), .text = value};
}

void Faults::add_unknown(const Node& node, std::string_view what, std::string_view word,
                         const std::vector<std::string_view>& known) {
  const auto guess = nearest(word, known);
  if (guess.empty()) {
    add(node.path, fmt::format("unknown {} \"{}\"; there are {}", what, shown(word), fmt::join(known, ", ")));
  } else {
    add(node.path, fmt::format("unknown {} \"{}\"; did you mean \"{}\"?", what, shown(word), guess));
  }
}

void Faults::add_kind(const Node& node, std::string_view wanted) {
  add(node.path, fmt::format("must be {}, not {}", wanted, name(node.kind())));
}

std::vector<std::pair<std::string, Node>> members_of(const Node& node, std::string_view wanted, Faults& faults) {
  std::vector<std::pair<std::string, Node>> members;
  if (!node.is(JsonKind::object)) {
    faults.add_kind(node, wanted);
    return members;
  }
  JsonReader reader(node.text);
  reader.object([&](std::string_view key) {
    std::string name(key);
    auto member = node.member(name, reader.value());
    members.emplace_back(std::move(name), std::move(member));
  });
  return members;
}

std::vector<Node> items_of(const Node& node, std::string_view wanted, Faults& faults) {
  std::vector<Node> items;
  if (!node.is(JsonKind::array)) {
    faults.add_kind(node, wanted);
    return items;
  }
  JsonReader reader(node.text);
  reader.array(
      [&] { items.push_back({.path = fmt::format("{}[{}]", node.path, items.size()), .text = reader.value()}); });
  return items;
}

std::optional<std::string> text_of(const Node& node, std::string_view wanted, Faults& faults) {
  if (node.is(JsonKind::string)) return JsonReader(node.text).string();
  faults.add_kind(node, wanted);
  return std::nullopt;
}

std::optional<bool> flag_of(const Node& node, Faults& faults) {
  if (node.is(JsonKind::boolean)) return node.text == "true";
  faults.add_kind(node, "true or false");
  return std::nullopt;
}

bool check_field(const Node& node, std::string_view name, Faults& faults) {
  if (name.empty()) faults.add(node.path, "the name of a field must not be empty");
  if (name == "tether_id") faults.add(node.path, "tether_id is the record's own id and no field");
  return !name.empty() && name != "tether_id";
}

std::optional<std::string> field_of(const Node& node, Faults& faults) {
  auto name = text_of(node, "the name of a field", faults);
  if (!name || !check_field(node, *name, faults)) return std::nullopt;
  return name;
}

std::vector<std::string> fields_of(const Node& node, Faults& faults) {
  std::vector<std::string> fields;
  for (const auto& item : items_of(node, "an array of names of fields", faults)) {
    auto field = field_of(item, faults);
    if (!field) continue;
    if (std::ranges::find(fields, *field) != fields.end()) {
      faults.add(item.path, fmt::format("names \"{}\" twice", shown(*field)));
    } else {
      fields.push_back(std::move(*field));
    }
  }
  return fields;
}

std::optional<Value> value_of(const Node& node, Faults& faults) {
  if (!node.is(JsonKind::object)) return Value{.constant = protocol::without_white_space(node.text)};
  const auto member = only_member(node, {"claim", "value"}, faults);
  if (!member) return std::nullopt;
  if (member->first == "value") return Value{.constant = protocol::without_white_space(member->second.text)};
  auto claim = claim_of(member->second, faults);
  if (!claim) return std::nullopt;
  return Value{.claim = std::move(*claim)};
}

Conditions conditions_of(const Node& node, Faults& faults) {
  Conditions conditions;
  const auto members = members_of(node, "an object of conditions", faults);
  for (const auto& [field, condition] : members) {
    if (!field.empty()) {
      conditions.push_back(condition_of(field, condition, faults));
    } else {
      faults.add(condition.path, "what a condition is about must have a name");
    }
  }
  if (members.empty() && node.is(JsonKind::object)) faults.add(node.path, "must have at least one condition");
  return conditions;
}

std::optional<Command> command_of(const Node& node, Faults& faults) {
  Command command;
  if (node.is(JsonKind::array)) {
    read_arguments(node, command, faults);
    return command;
  }
  bool names_command = false;
  for (const auto& [key, value] : members_of(node, "an array, or an object with a command", faults)) {
    if (key == "command") {
      read_arguments(value, command, faults);
      names_command = true;
    } else if (key == "time_limit_ms") {
      read_time_limit(value, command, faults);
    } else {
      faults.add_unknown(value, "key", key, {"command", "time_limit_ms"});
    }
  }
  if (node.is(JsonKind::object) && !names_command) faults.add(node.path, "must have a command");
  return command;
}

}  // namespace tether::rules
