// SPDX-License-Identifier: MIT
// A conflict for people: base, mine and theirs side by side, field by field, or one below the other where that is too
// wide.
#pragma once

#include <string>
#include <vector>

#include "cmd/output.hpp"
#include "replica/conflicts.hpp"

namespace tether::cmd {

/// One field in the three states, each as JSON text; `-` where it is absent.
struct FieldRow {
  std::string field;
  std::string base;
  std::string mine;
  std::string theirs;
  bool differs = false;  // between mine and theirs
};

/// Every field that any of the three has, in the order of mine, then theirs, then base.
std::vector<FieldRow> field_rows(const replica::ConflictView& conflict);

void print_conflict(Terminal& terminal, const replica::ConflictView& conflict);

/// `title, done`, or `deleted by them`: the fields in which mine and theirs differ, printable.
std::string what_differs(const std::vector<std::string>& fields, bool theirs_deleted);

std::string conflict_json(const replica::ConflictView& conflict);

}  // namespace tether::cmd
