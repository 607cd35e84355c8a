// SPDX-License-Identifier: MIT
#include "cmd/csv.hpp"

namespace tether::cmd {
namespace {

constexpr std::string_view k_byte_order_mark = "\xEF\xBB\xBF";

bool is_empty_line(const std::vector<std::string>& cells) {
  return cells.size() == 1 && cells[0].empty();
}

}  // namespace

bool CsvReader::next(std::vector<std::string>& cells) {
  do {
    cells.clear();
    row_bytes_ = 0;
    bool in_row = true;
    row_line_ = line_;
    while (in_row) {
      if (block_.empty() && !fill()) return finish(cells);
      const char c = block_.front();
      block_.remove_prefix(1);
      if (skip_line_feed_ && c == '\n') {
        skip_line_feed_ = false;
        continue;
      }
      skip_line_feed_ = false;
      in_row = take(c, cells);
    }
  } while (is_empty_line(cells));
  return true;
}

bool CsvReader::fill() {
  block_ = input_.next_block();
  if (!started_ && block_.starts_with(k_byte_order_mark)) block_.remove_prefix(k_byte_order_mark.size());
  started_ = true;
  return !block_.empty();
}

bool CsvReader::take(char c, std::vector<std::string>& cells) {
  if (++row_bytes_ > k_line_bytes_max) refuse(cells, "the row is longer than 4 MiB; is a closing quote missing?");
  if (c == '\n' || c == '\r') ++line_;
  if (where_ == Where::quoted) {
    if (c == '"') {
      where_ = Where::behind_quote;
    } else {
      cell_ += c;
    }
    return true;
  }
  if (where_ == Where::behind_quote && c == '"') {
    cell_ += c;
    where_ = Where::quoted;
    return true;
  }
  if (c == ',' || c == '\n' || c == '\r') {
    end_cell(cells);
    skip_line_feed_ = c == '\r';
    return c == ',';
  }
  if (where_ == Where::behind_quote) refuse(cells, "text behind a closing quote");
  if (c == '"') {
    if (where_ == Where::plain) refuse(cells, "a quote inside a cell that does not begin with one");
    where_ = Where::quoted;
    return true;
  }
  cell_ += c;
  where_ = Where::plain;
  return true;
}

void CsvReader::end_cell(std::vector<std::string>& cells) {
  cells.push_back(std::move(cell_));
  cell_.clear();
  where_ = Where::cell_start;
}

bool CsvReader::finish(std::vector<std::string>& cells) {
  if (where_ == Where::quoted) refuse(cells, "a quoted cell that is never closed");
  if (cells.empty() && where_ == Where::cell_start) return false;
  end_cell(cells);
  return !is_empty_line(cells);
}

void CsvReader::refuse(const std::vector<std::string>& cells, const std::string& why) const {
  throw Error(
      ErrorCode::invalid_input,
      input_.name() + ", line " + std::to_string(row_line_) + ", cell " + std::to_string(cells.size() + 1) + ": " + why,
      "A cell with commas, quotes or line ends is written in quotes, quotes inside it twice (RFC 4180).");
}

}  // namespace tether::cmd
