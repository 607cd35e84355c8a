// SPDX-License-Identifier: MIT
#include "cmd/named_id.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "cmd/output.hpp"

namespace tether::cmd {

namespace {

constexpr std::size_t k_prefix_length_min = 6;  // a ULID's first six characters name a span of 18 minutes
constexpr std::size_t k_found_max = 4;          // named in the message when there are several

std::string upper_case(std::string_view text) {
  std::string upper(text);
  for (char& letter : upper) {
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  }
  return upper;
}

}  // namespace

NamedId::NamedId(std::string_view typed) : typed_(typed), upper_(upper_case(typed)) {}

bool NamedId::names(std::string_view name) const {
  if (typed_.size() < k_prefix_length_min) return false;
  return name.starts_with(typed_) || name.starts_with(upper_);
}

void NamedId::offer(std::string_view id, std::string_view name) {
  const bool exact = name == typed_ || name == upper_;
  if (exact ? false : (exact_ || !names(name))) return;
  if (exact && !exact_) found_.clear();  // the whole of an id goes before beginnings of others
  exact_ = exact_ || exact;
  if (found_.size() < k_found_max && std::find(found_.begin(), found_.end(), id) == found_.end())
    found_.emplace_back(id);
}

std::string NamedId::only_one(std::string_view thing, std::string_view hint) const {
  if (found_.size() == 1) return found_.front();
  if (found_.empty()) {
    throw Error(ErrorCode::not_found, "no " + std::string(thing) + " is called " + printable(typed_),
                std::string(hint));
  }
  std::string ids;
  for (const std::string& id : found_) ids += (ids.empty() ? "" : ", ") + id;
  throw Error(ErrorCode::not_found, printable(typed_) + " names more than one " + std::string(thing) + ": " + ids,
              "Give the whole of one of these ids.");
}

}  // namespace tether::cmd
