// SPDX-License-Identifier: MIT
#include "rules/model_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/nearest.hpp"

namespace tether::rules {

namespace {

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// A fault at `key` of the model when it is said although `problem`.
void check_not_said(const ModelParts& parts, std::string_view key, bool is_wrong, std::string_view problem,
                    Faults& faults) {
  const auto part = parts.find(key);
  if (is_wrong && part != parts.end()) faults.add(part->second.path, std::string(problem));
}

void check_programs(const Node& node, const Model& model, const ModelParts& parts, Faults& faults) {
  // A policy that could not be read has been complained about; what depends on it is not known.
  const auto policy = parts.find("conflict");
  const bool is_default = model.policy == Policy::last_write_wins;
  if (is_default && policy != parts.end() && policy->second.text != R"("last_write_wins")") return;
  check_not_said(parts, "resolver", model.policy != Policy::exec, R"(is asked only with "conflict": "exec")", faults);
  check_not_said(parts, "merge", model.policy != Policy::merge, R"(counts only with "conflict": "merge")", faults);
  if (model.policy == Policy::exec && !parts.contains("resolver")) {
    faults.add(node.member("resolver", {}).path, R"(is missing: "conflict": "exec" asks a program)");
  }
}

void check_hide_and_mask(const Model& model, const ModelParts& parts, Faults& faults) {
  for (const auto& [field, mask] : model.mask) {
    if (!contains(model.hide, field)) continue;
    faults.add(parts.at("mask").member(field, {}).path, "is hidden as well: a field is either hidden or masked");
  }
}

void check_rename(const Model& model, const ModelParts& parts, Faults& faults) {
  std::set<std::string_view> stored_names;
  for (const auto& [sent, stored] : model.rename) {
    const auto path = parts.at("rename").member(sent, {}).path;
    if (sent == stored) faults.add(path, "is renamed to itself");
    if (!stored_names.insert(stored).second) {
      faults.add(path, fmt::format("another field is stored as \"{}\" already", stored));
    }
  }
}

/// What the file says of fields, it says by the names under which they are stored.
class StoredNames {
 public:
  StoredNames(const Model& model, Faults& faults) : faults_(faults) {
    for (const auto& [sent, stored] : model.rename) stored_by_sent_.emplace(sent, stored);
    for (const auto& [sent, stored] : model.rename) stored_by_sent_.erase(stored);
  }

  void check(const std::string& path, std::string_view field) {
    const auto found = stored_by_sent_.find(field);
    if (found == stored_by_sent_.end()) return;
    faults_.add(
        path, fmt::format("\"{}\" is only its name on the wire: write \"{}\", as it is stored", field, found->second));
  }

 private:
  std::map<std::string, std::string, std::less<>> stored_by_sent_;
  Faults& faults_;
};

void check_stored_names(const Model& model, const ModelParts& parts, Faults& faults) {
  if (model.rename.empty()) return;
  StoredNames names(model, faults);
  for (const std::string_view key : {"fields", "except", "hide", "redact"}) {
    const auto part = parts.find(key);
    if (part == parts.end() || !part->second.is(JsonKind::array)) continue;
    Faults said_before;
    for (const auto& item : items_of(part->second, {}, said_before)) {
      if (const auto field = field_of(item, said_before)) names.check(item.path, *field);
    }
  }
  for (const std::string_view key : {"set", "mask", "visible", "merge"}) {
    const auto part = parts.find(key);
    if (part == parts.end()) continue;
    Faults said_before;
    for (const auto& [field, member] : members_of(part->second, {}, said_before)) names.check(member.path, field);
  }
}

/// A strategy for a field that nobody may write is a slip of the pen.
void check_merge_of_writable(const Model& model, const ModelParts& parts, Faults& faults) {
  const auto part = parts.find("merge");
  if (part == parts.end()) return;
  std::vector<std::string_view> writable;
  if (model.fields) writable.assign(model.fields->begin(), model.fields->end());
  Faults said_before;
  for (const auto& [field, member] : members_of(part->second, {}, said_before)) {
    if (field == "*") continue;
    if (contains(model.except, field)) {
      faults.add(member.path, R"("except" says that clients may not write this field)");
    } else if (model.fields && !contains(*model.fields, field)) {
      const auto guess = nearest(field, writable);
      faults.add(member.path, guess.empty() ? std::string(R"(is not in "fields": clients may not write it)")
                                            : fmt::format(R"(is not in "fields"; did you mean "{}"?)", guess));
    }
  }
}

/// The two names that `timestamps` tells are its own.
void check_timestamps(const Model& model, const ModelParts& parts, Faults& faults) {
  if (!model.timestamps) return;
  constexpr std::string_view k_told = R"("timestamps" tells this field itself)";
  for (const std::string_view name : {"created_at", "updated_at"}) {
    const auto is_sent = [&](const auto& entry) { return entry.first == name; };
    if (std::ranges::any_of(model.rename, is_sent)) {
      faults.add(parts.at("rename").member(name, {}).path, std::string(k_told));
    }
    if (std::ranges::any_of(model.mask, is_sent)) {
      faults.add(parts.at("mask").member(name, {}).path, std::string(k_told));
    }
    if (contains(model.hide, name)) {
      faults.add(parts.at("hide").path, fmt::format(R"("{}": {})", name, k_told));
    }
  }
}

}  // namespace

void check_model(const Node& node, const Model& model, const ModelParts& parts, Faults& faults) {
  check_not_said(parts, "except", parts.contains("fields"),
                 R"(stands beside "fields": name either the fields that may be written, or those that may not)",
                 faults);
  check_programs(node, model, parts, faults);
  check_hide_and_mask(model, parts, faults);
  check_rename(model, parts, faults);
  check_stored_names(model, parts, faults);
  check_merge_of_writable(model, parts, faults);
  check_timestamps(model, parts, faults);
}

}  // namespace tether::rules
