// SPDX-License-Identifier: MIT
// CSV as RFC 4180 has it: quoted cells with commas, doubled quotes and line ends inside; LF, CRLF or CR; a byte order
// mark is skipped, so are empty lines. Anything ambiguous is refused with its line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/input.hpp"

namespace tether::cmd {

class CsvReader {
 public:
  explicit CsvReader(Input& input) : input_(input) {}

  /// The next row in `cells`; false at the end. Throws Error(invalid_input) naming line and cell.
  bool next(std::vector<std::string>& cells);
  /// Where the row that was read last begins, from 1.
  std::int64_t line_number() const { return row_line_; }

 private:
  enum class Where { cell_start, plain, quoted, behind_quote };
  /// False when `c` ended the row.
  bool take(char c, std::vector<std::string>& cells);
  void end_cell(std::vector<std::string>& cells);
  bool finish(std::vector<std::string>& cells);
  [[noreturn]] void refuse(const std::vector<std::string>& cells, const std::string& why) const;
  bool fill();

  Input& input_;
  std::string_view block_;
  bool started_ = false;
  bool skip_line_feed_ = false;
  Where where_ = Where::cell_start;
  std::string cell_;
  std::size_t row_bytes_ = 0;
  std::int64_t line_ = 1;
  std::int64_t row_line_ = 1;
};

}  // namespace tether::cmd
