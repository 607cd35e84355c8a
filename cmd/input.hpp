// SPDX-License-Identifier: MIT
// A file or standard input, read in big blocks: whole lines, or all of it. What it holds in memory is bounded.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/context.hpp"

namespace tether::cmd {

/// The longest line: a payload of the protocol's limit with every character escaped would be longer, but is no record
/// that a server takes.
constexpr std::size_t k_line_bytes_max = 4 * 1024 * 1024;

class Input {
 public:
  /// `-` is standard input. Throws Error(not_found, io).
  Input(Context& context, const std::string& path);
  ~Input();
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  /// The next line without its line end (LF or CRLF); a last one without line end counts, and a
  /// byte order mark in front of the first is no part of it. The view lives until the next call. Throws
  /// Error(too_large) for a line over the limit, Error(interrupted) after Ctrl-C.
  std::optional<std::string_view> next_line();
  /// The next bytes in whatever size they come; empty at the end. The view lives until the next call.
  std::string_view next_block();
  /// All of it; Error(too_large) when it is longer than `bytes_max`.
  std::string read_all(std::size_t bytes_max);

  /// Whether a whole line can be had without waiting longer than `patience`: next_line does not wait then. False for a
  /// line over the limit. Ends the view that next_line gave.
  bool ready(std::chrono::milliseconds patience);
  /// Takes in all of the input, into a temporary file, and starts again at its beginning: from then on nobody waits for
  /// who writes it.
  void spool();

  /// Of the line that next_line gave last, from 1.
  std::int64_t line_number() const { return line_number_; }
  /// "standard input" or the path.
  const std::string& name() const { return name_; }

 private:
  /// Reads once, behind what is buffered; false at the end.
  bool fill();
  bool has_line();

  Context& context_;
  int descriptor_;
  bool owned_ = false;
  std::string name_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;     // of what was not handed out yet
  std::size_t end_ = 0;       // of what was read
  std::size_t searched_ = 0;  // no line end lies before this
  bool at_end_ = false;
  std::int64_t line_number_ = 0;
};

}  // namespace tether::cmd
