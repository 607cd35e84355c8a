// SPDX-License-Identifier: MIT
#include <algorithm>

#include "cmd/output.hpp"

namespace tether::cmd {
namespace {

constexpr std::size_t k_rows_held = 1'000;
constexpr std::size_t k_bytes_held = 1024 * 1024;
constexpr std::size_t k_last_column_least = 20;  // a narrow terminal wraps rather than hides everything
constexpr std::string_view k_gap = "  ";

}  // namespace

Table::Table(Terminal& terminal, std::vector<Column> columns) : terminal_(terminal), columns_(std::move(columns)) {
  for (const auto& column : columns_) widths_.push_back(display_width(column.heading));
}

void Table::row(std::vector<Cell> cells) {
  if (streaming_) {
    print(cells);
    return;
  }
  for (std::size_t i = 0; i < cells.size(); ++i) {
    widths_[i] = std::max(widths_[i], display_width(cells[i].text));
    bytes_held_ += cells[i].text.size();
  }
  held_.push_back(std::move(cells));
  if (held_.size() >= k_rows_held || bytes_held_ >= k_bytes_held) finish();
}

void Table::finish() {
  if (held_.empty()) return;
  std::vector<Cell> headings;
  for (const auto& column : columns_) headings.emplace_back(column.heading, Colour::bold);
  print(headings);
  for (const auto& cells : held_) print(cells);
  held_.clear();
  streaming_ = true;
}

void Table::print(const std::vector<Cell>& cells) {
  std::string line;
  std::size_t column = 0;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const bool last = i + 1 == cells.size();
    std::string text = cells[i].text;
    if (last && terminal_.options.width > 0) {
      const auto width = static_cast<std::size_t>(terminal_.options.width);
      text = shortened(text, std::max(k_last_column_least, width > column ? width - column : 0));
    }
    const auto used = display_width(text);
    const std::string padding(widths_[i] > used ? widths_[i] - used : 0, ' ');
    const auto painted = terminal_.painted(cells[i].colour, text);
    if (columns_[i].align == Align::right) {
      line += padding + painted;
    } else {
      line += last ? painted : painted + padding;
    }
    if (!last) line += k_gap;
    column += std::max(used, widths_[i]) + k_gap.size();
  }
  line.erase(line.find_last_not_of(' ') + 1);
  terminal_.line(line);
}

}  // namespace tether::cmd
