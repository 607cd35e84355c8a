// SPDX-License-Identifier: MIT
#include "service/models_warnings.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <ranges>
#include <set>

#include "base/nearest.hpp"
#include "rules/mapping.hpp"
#include "service/json_members.hpp"

namespace tether::service {

namespace {

using Warnings = std::vector<std::string>;

JsonMembers members_at(const JsonMembers& members, std::string_view name) {
  const auto found = members.find(name);
  return found == members.end() ? JsonMembers() : json_members(found->second).value_or(JsonMembers());
}

/// The part of a schema that says which fields there are.
struct Schema {
  JsonMembers properties;
  std::vector<std::string> required;
  bool is_closed = false;  // has no fields but its properties
};

Schema schema_of(const JsonMembers& model) {
  const JsonMembers validate = members_at(model, "validate");
  const auto others = validate.find("additionalProperties");
  return {members_at(validate, "properties"), texts_member(validate, "required").value_or(std::vector<std::string>()),
          others != validate.end() && others->second == "false"};
}

bool is_program(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

/// What keeps a program from being started, as posix_spawnp looks for it; empty: nothing.
std::string trouble_with(const std::string& program, std::string_view path) {
  if (program.find('/') != std::string::npos) {
    const std::filesystem::path whole = std::filesystem::absolute(program);
    if (is_program(whole)) return {};
    std::error_code error;
    if (!std::filesystem::exists(whole, error)) return "there is no program " + whole.string();
    return whole.string() + " is no program that may be run";
  }
  for (const auto folder : std::views::split(path, ':')) {
    const std::string_view name(folder.begin(), folder.end());
    if (is_program(std::filesystem::path(name.empty() ? "." : name) / program)) return {};
  }
  return fmt::format("there is no program \"{}\" in PATH, which is {}", program, path);
}

void check_program(const std::string& place, const std::optional<rules::Command>& command, std::string_view path,
                   Warnings& warnings) {
  if (!command) return;
  const std::string trouble = trouble_with(command->arguments.front(), path);
  if (!trouble.empty()) warnings.push_back(place + ": " + trouble);
}

/// The fields that the file names as such.
class KnownFields {
 public:
  KnownFields(const rules::Model& model, const Schema& schema)
      : has_list_(model.fields || !schema.properties.empty()),
        // A schema may check some fields of many, and a mapper may add others: then only a slip of the pen is told.
        is_whole_((model.fields || schema.is_closed) && !model.mapper) {
    for (const auto& [field, value] : model.set) names_.insert(field);
    for (const auto& [sent, stored] : model.rename) names_.insert(stored);
    for (const auto& [field, declared] : schema.properties) names_.insert(field);
    if (model.fields) names_.insert(model.fields->begin(), model.fields->end());
    names_.insert(model.except.begin(), model.except.end());
  }

  void check(const std::string& place, const std::string& field, Warnings& warnings) const {
    if (!has_list_ || names_.contains(field)) return;
    const std::vector<std::string_view> candidates(names_.begin(), names_.end());
    const std::string_view guess = nearest(field, candidates);
    if (guess.empty() && !is_whole_) return;
    warnings.push_back(fmt::format("{}: neither \"fields\" nor \"validate.properties\" names \"{}\"{}", place, field,
                                   guess.empty() ? "" : fmt::format("; did you mean \"{}\"?", guess)));
  }

 private:
  std::set<std::string> names_;
  bool has_list_;
  bool is_whole_;
};

void check_names(const std::string& place, const rules::Model& model, const Schema& schema, Warnings& warnings) {
  const KnownFields known(model, schema);
  for (const auto& field : model.hide) known.check(place + ".hide", field, warnings);
  for (const auto& [field, mask] : model.mask) known.check(place + ".mask", field, warnings);
  for (const auto& field : model.redact) known.check(place + ".redact", field, warnings);
  for (const auto& field : schema.required) known.check(place + ".validate.required", field, warnings);
}

void check_counters(const std::string& place, const rules::Model& model, const Schema& schema, Warnings& warnings) {
  for (const auto& [field, declared] : schema.properties) {
    if (model.strategies.of(field) != rules::Strategy::counter) continue;
    const JsonMembers keywords = json_members(declared).value_or(JsonMembers());
    if (text_member(keywords, "type") != "string") continue;
    warnings.push_back(fmt::format(
        "{}.merge.{}: \"validate\" declares it as a string, which is no counter: a person has to decide each conflict",
        place, field));
  }
}

/// Strategies by which what is stored decides more than what is stored then.
bool is_telling(rules::Strategy strategy) {
  using rules::Strategy;
  return strategy == Strategy::max || strategy == Strategy::min || strategy == Strategy::manual ||
         strategy == Strategy::text;
}

void check_secret(const std::string& place, const rules::Model& model, const std::string& field, Warnings& warnings) {
  const rules::Strategy strategy = model.strategies.of(field);
  if (!is_telling(strategy) || !rules::may_be_written(model, field)) return;
  warnings.push_back(
      fmt::format("{}.merge: clients are not told \"{}\", and can find out about it under \"{}\": whether an edit is a "
                  "conflict, or fits \"validate\", depends on what is stored",
                  place, field, rules::name(strategy)));
}

void check_secrets(const std::string& place, const rules::Model& model, Warnings& warnings) {
  for (const auto& field : model.hide) check_secret(place, model, field, warnings);
  for (const auto& [field, mask] : model.mask) check_secret(place, model, field, warnings);
}

bool has_claim(const rules::Conditions& conditions) {
  return std::ranges::any_of(conditions, [](const rules::Condition& condition) {
    return condition.any_of_claim ||
           std::ranges::any_of(condition.any_of, [](const rules::Value& value) { return !value.claim.empty(); });
  });
}

bool has_claim(const rules::Model& model) {
  return !model.read_only_if.empty() || has_claim(model.visible) ||
         std::ranges::any_of(model.set, [](const auto& entry) { return !entry.second.claim.empty(); });
}

}  // namespace

std::vector<std::string> models_with_claims(const rules::Models& models) {
  std::vector<std::string> names;
  for (const auto& [name, model] : models.by_name()) {
    if (has_claim(model)) names.push_back(name);
  }
  return names;
}

std::vector<std::string> models_warnings(std::string_view text, const rules::Models& models, Auth auth,
                                         std::string_view path) {
  Warnings warnings;
  const JsonMembers by_name = members_at(json_members(text).value_or(JsonMembers()), "models");
  for (const auto& [name, model] : models.by_name()) {
    const std::string place = "models." + name;
    const Schema schema = schema_of(members_at(by_name, name));
    check_program(place + ".resolver", model.resolver, path, warnings);
    check_program(place + ".mapper", model.mapper, path, warnings);
    check_names(place, model, schema, warnings);
    check_counters(place, model, schema, warnings);
    check_secrets(place, model, warnings);
    if (auth == Auth::none && has_claim(model)) {
      warnings.push_back(place + ": asks for claims, and with --auth none nobody has any");
    }
  }
  return warnings;
}

}  // namespace tether::service
