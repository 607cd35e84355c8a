// SPDX-License-Identifier: MIT
// What a person typed for an id: the whole of it, or a beginning that only one of the things at hand has.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace tether::cmd {

/// Candidates are offered one by one; the answer is asked for at the end.
class NamedId {
 public:
  explicit NamedId(std::string_view typed);

  /// `id` is taken where what was typed is `name` or begins it; a thing may be offered under several names.
  void offer(std::string_view id, std::string_view name);

  /// Throws Error(not_found) when nothing has this name, and where several have it, as in "no open conflict is called
  /// …". `thing` is the noun; `hint` says where the ids are listed.
  std::string only_one(std::string_view thing, std::string_view hint) const;
  bool is_found() const { return !found_.empty(); }

  /// What was typed, and as a ULID may have been meant: how the names begin that are worth being offered.
  std::array<std::string_view, 2> beginnings() const { return {typed_, upper_}; }

 private:
  bool names(std::string_view name) const;
  std::string typed_;
  std::string upper_;  // ULIDs are upper case, whatever was typed
  bool exact_ = false;
  std::vector<std::string> found_;  // without repetitions, at most a few
};

}  // namespace tether::cmd
