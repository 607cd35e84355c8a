// SPDX-License-Identifier: MIT
#include "rules/text_merge.hpp"

#include <algorithm>
#include <initializer_list>
#include <vector>

#include "rules/line_diff.hpp"

namespace tether::rules {

namespace {

// Of one text: 1 MiB in lines of 20 characters. A text of more would be short lines only, and is costly to sort.
constexpr std::size_t k_lines_max = 50'000;

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto newline = std::min(text.find('\n'), text.size() - 1);
    lines.push_back(text.substr(0, newline + 1));
    text.remove_prefix(newline + 1);
  }
  return lines;
}

/// Gives each line its number.
class Numbering {
 public:
  explicit Numbering(std::initializer_list<const std::vector<std::string_view>*> texts) {
    for (const auto* lines : texts) known_.insert(known_.end(), lines->begin(), lines->end());
    std::ranges::sort(known_);
    const auto repeated = std::ranges::unique(known_);
    known_.erase(repeated.begin(), repeated.end());
  }

  std::vector<Line> of(const std::vector<std::string_view>& lines) const {
    std::vector<Line> numbers;
    numbers.reserve(lines.size());
    for (const auto line : lines) {
      numbers.push_back(static_cast<Line>(std::ranges::lower_bound(known_, line) - known_.begin()));
    }
    return numbers;
  }

 private:
  std::vector<std::string_view> known_;
};

/// Base, ours and theirs between two lines that both sides kept.
struct Stretch {
  std::string_view base;
  std::string_view ours;
  std::string_view theirs;
};

/// Appends what the stretch becomes; false when both sides changed it in different ways.
bool append_merged(std::string& merged, const Stretch& stretch) {
  const auto& [base, ours, theirs] = stretch;
  if (ours != base && theirs != base && ours != theirs) return false;
  merged += ours != base ? ours : theirs;
  return true;
}

/// The lines of one version, and what of its text was not taken yet.
class Version {
 public:
  explicit Version(std::string_view text) : lines_(split_lines(text)), rest_(text) {}

  const std::vector<std::string_view>& lines() const { return lines_; }

  std::string_view take_up_to(std::size_t line) {
    std::size_t bytes = 0;
    for (; next_ < line; ++next_) bytes += lines_[next_].size();
    const auto taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }

  std::string_view take_rest() { return take_up_to(lines_.size()); }

 private:
  std::vector<std::string_view> lines_;
  std::size_t next_ = 0;
  std::string_view rest_;
};

}  // namespace

std::optional<std::string> merged_text(std::string_view base_text, std::string_view our_text,
                                       std::string_view their_text) {
  Version base(base_text);
  Version ours(our_text);
  Version theirs(their_text);
  if (std::max({base.lines().size(), ours.lines().size(), theirs.lines().size()}) > k_lines_max) return std::nullopt;
  const Numbering numbering({&base.lines(), &ours.lines(), &theirs.lines()});
  const auto base_numbers = numbering.of(base.lines());
  const auto ours_place = kept_lines(base_numbers, numbering.of(ours.lines()));
  const auto theirs_place = kept_lines(base_numbers, numbering.of(theirs.lines()));
  if (!ours_place || !theirs_place) return std::nullopt;

  std::string merged;
  for (std::size_t line = 0; line < base.lines().size(); ++line) {
    const auto ours_end = (*ours_place)[line];
    const auto theirs_end = (*theirs_place)[line];
    if (ours_end == k_gone || theirs_end == k_gone) continue;
    const Stretch changed{base.take_up_to(line), ours.take_up_to(ours_end), theirs.take_up_to(theirs_end)};
    if (!append_merged(merged, changed)) return std::nullopt;
    merged += base.take_up_to(line + 1);
    ours.take_up_to(ours_end + 1);
    theirs.take_up_to(theirs_end + 1);
  }
  if (!append_merged(merged, {base.take_rest(), ours.take_rest(), theirs.take_rest()})) return std::nullopt;
  return merged;
}

}  // namespace tether::rules
