// SPDX-License-Identifier: MIT
#include "rules/models.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "protocol/codec.hpp"
#include "protocol/field_error.hpp"
#include "protocol/payload.hpp"
#include "rules/model_check.hpp"
#include "rules/model_node.hpp"

namespace tether::rules {

namespace {

using protocol::JsonReader;

/// Words of the file and what they mean.
template <class Meaning>
using Words = std::vector<std::pair<std::string_view, Meaning>>;

const Words<Policy>& policies() {
  static const Words<Policy> words = {{"last_write_wins", Policy::last_write_wins},
                                      {"server_wins", Policy::server_wins},
                                      {"client_wins", Policy::client_wins},
                                      {"merge", Policy::merge},
                                      {"manual", Policy::manual},
                                      {"exec", Policy::exec}};
  return words;
}

const Words<DeletePolicy>& delete_policies() {
  static const Words<DeletePolicy> words = {{"delete_wins", DeletePolicy::delete_wins},
                                            {"edit_wins", DeletePolicy::edit_wins},
                                            {"conflict", DeletePolicy::conflict}};
  return words;
}

/// What the word at `node` means, one of `words`; a `what`.
template <class Meaning>
void read_word(const Node& node, std::string_view what, const Words<Meaning>& words, Meaning& meaning, Faults& faults) {
  const auto word = text_of(node, fmt::format("a {}", what), faults);
  if (!word) return;
  const auto found = std::ranges::find(words, *word, [](const auto& entry) { return entry.first; });
  if (found != words.end()) {
    meaning = found->second;
    return;
  }
  std::vector<std::string_view> known;
  for (const auto& entry : words) known.push_back(entry.first);
  faults.add_unknown(node, what, *word, known);
}

void read_read_only(const Node& node, Model& model, Faults& faults) {
  if (node.is(JsonKind::object)) {
    model.read_only_if = conditions_of(node, faults);
  } else if (node.is(JsonKind::boolean)) {
    model.read_only = node.text == "true";
  } else {
    faults.add_kind(node, "true, false or an object of conditions on claims");
  }
}

void read_validate(const Node& node, Model& model, Faults& faults) {
  try {
    model.validate = std::make_shared<const JsonSchema>(node.text);
  } catch (const SchemaError& e) {
    for (const auto& [path, message] : e.faults()) {
      faults.add(path.empty() ? node.path : node.path + "." + path, message);
    }
  }
}

void read_rename(const Node& node, Model& model, Faults& faults) {
  for (const auto& [sent, member] :
       members_of(node, "an object: from the name on the wire to the stored one", faults)) {
    auto stored = field_of(member, faults);
    if (check_field(member, sent, faults) && stored) model.rename.emplace_back(sent, std::move(*stored));
  }
}

void read_set(const Node& node, Model& model, Faults& faults) {
  for (const auto& [field, member] : members_of(node, "an object: the fields and their values", faults)) {
    auto value = value_of(member, faults);
    if (check_field(member, field, faults) && value) model.set.emplace_back(field, std::move(*value));
  }
}

void read_mask(const Node& node, Model& model, Faults& faults) {
  for (const auto& [field, member] : members_of(node, "an object: the fields and what is told instead", faults)) {
    if (!check_field(member, field, faults)) continue;
    model.mask.emplace_back(field, protocol::without_white_space(member.text));
  }
}

void read_merge(const Node& node, Model& model, Faults& faults) {
  for (const auto& [field, member] : members_of(node, "an object: the fields and their strategies", faults)) {
    if (!check_field(member, field, faults)) continue;
    const auto word = text_of(member, "a strategy", faults);
    if (!word) continue;
    if (const auto strategy = strategy_named(*word)) {
      model.strategies.set(field, *strategy);
    } else {
      faults.add_unknown(member, "strategy", *word, strategy_names());
    }
  }
}

void read_flag(const Node& node, bool& flag, Faults& faults) {
  flag = flag_of(node, faults).value_or(false);
}

using ReadKey = void (*)(const Node& node, Model& model, Faults& faults);

/// The keys of a model, in the order in which service/MODELS.md describes them.
constexpr std::pair<std::string_view, ReadKey> k_keys[] = {
    {"fields", [](const Node& node, Model& model, Faults& faults) { model.fields = fields_of(node, faults); }},
    {"except", [](const Node& node, Model& model, Faults& faults) { model.except = fields_of(node, faults); }},
    {"read_only", read_read_only},
    {"validate", read_validate},
    {"rename", read_rename},
    {"set", read_set},
    {"hide", [](const Node& node, Model& model, Faults& faults) { model.hide = fields_of(node, faults); }},
    {"mask", read_mask},
    {"visible", [](const Node& node, Model& model, Faults& faults) { model.visible = conditions_of(node, faults); }},
    {"timestamps", [](const Node& node, Model& model, Faults& faults) { read_flag(node, model.timestamps, faults); }},
    {"conflict", [](const Node& node, Model& model,
                    Faults& faults) { read_word(node, "policy", policies(), model.policy, faults); }},
    {"delete_policy",
     [](const Node& node, Model& model, Faults& faults) {
       read_word(node, "delete policy", delete_policies(), model.delete_policy, faults);
     }},
    {"merge", read_merge},
    {"resolver", [](const Node& node, Model& model, Faults& faults) { model.resolver = command_of(node, faults); }},
    {"mapper", [](const Node& node, Model& model, Faults& faults) { model.mapper = command_of(node, faults); }},
    {"redact", [](const Node& node, Model& model, Faults& faults) { model.redact = fields_of(node, faults); }},
};

const std::vector<std::string_view>& key_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all;
    for (const auto& [name, read] : k_keys) all.push_back(name);
    return all;
  }();
  return names;
}

Model read_model(const Node& node, Faults& faults) {
  Model model;
  ModelParts parts;
  for (const auto& [key, member] : members_of(node, "an object", faults)) {
    const auto* const known =
        std::ranges::find(k_keys, key, [](const auto& entry) -> std::string_view { return entry.first; });
    if (known == std::end(k_keys)) {
      faults.add_unknown(member, "key", key, key_names());
      continue;
    }
    known->second(member, model, faults);
    parts.emplace(key, member);
  }
  check_model(node, model, parts, faults);
  return model;
}

std::map<std::string, Model, std::less<>> read_by_name(const Node& node, Faults& faults) {
  std::map<std::string, Model, std::less<>> by_name;
  for (const auto& [name, member] : members_of(node, "an object: the models by name", faults)) {
    try {
      protocol::parse_model(name, {});
    } catch (const Error& e) {
      faults.add(member.path, e.what());
    }
    by_name.insert_or_assign(name, read_model(member, faults));
  }
  return by_name;
}

/// Finds keys that are there twice, at any depth, since only one of them would count.
void check_keys_once(JsonReader& reader, Faults& faults) {
  switch (reader.kind()) {
    case JsonKind::object: {
      std::set<std::string, std::less<>> seen;
      reader.object([&](std::string_view key) {
        if (!seen.emplace(key).second) faults.add(reader.path(), "is there twice");
        check_keys_once(reader, faults);
      });
      break;
    }
    case JsonKind::array:
      reader.array([&] { check_keys_once(reader, faults); });
      break;
    default:
      reader.value();
  }
}

std::string one_per_line(const std::vector<ModelsFault>& faults) {
  std::string text;
  for (const auto& fault : faults) {
    if (!text.empty()) text += '\n';
    text += fault.path.empty() ? fault.message : fault.path + ": " + fault.message;
  }
  return text;
}

void check_syntax(std::string_view text) {
  try {
    JsonReader reader(text);
    reader.value();
    reader.end();
  } catch (const protocol::FieldError& e) {
    const std::string_view said(e.what());
    const auto prefix = e.path().empty() ? 0 : e.path().size() + std::string_view(": ").size();
    throw ModelsError({{e.path(), std::string(said.substr(prefix))}});
  }
}

}  // namespace

ModelsError::ModelsError(std::vector<ModelsFault> faults) : faults_(std::move(faults)), text_(one_per_line(faults_)) {}

Models read_models(std::string_view text) {
  check_syntax(text);
  Faults faults;
  JsonReader reader(text);
  check_keys_once(reader, faults);
  std::map<std::string, Model, std::less<>> by_name;
  bool has_models = false;
  const Node file{.text = text};
  const auto members = members_of(file, R"(an object: {"models": {…}})", faults);
  for (const auto& [key, member] : members) {
    if (key == "models") {
      has_models = true;
      by_name = read_by_name(member, faults);
    } else if (key == "$schema") {
      text_of(member, "the address of the schema of this file", faults);
    } else {
      faults.add_unknown(member, "key", key, {"models", "$schema"});
    }
  }
  if (!has_models && faults.empty()) faults.add("models", "is missing");
  if (!faults.empty()) throw ModelsError(faults.take());
  return Models(std::move(by_name));
}

}  // namespace tether::rules
