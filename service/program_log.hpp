// SPDX-License-Identifier: MIT
// What a program says on stderr, as lines of the service's log: each cut to a length that a person reads, and no more
// of them than a log can bear.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/log.hpp"

namespace tether::service {

class ProgramLog {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr std::size_t k_line_bytes_max = 1'000;
  static constexpr std::size_t k_lines_max = 100;  // within k_window
  static constexpr std::chrono::seconds k_window{10};

  /// `log` outlives it. `program` is how the log calls it.
  ProgramLog(Log& log, std::string program) : log_(log), program_(std::move(program)) {}

  /// Whose lines come from now on.
  void set_pid(pid_t pid) { pid_ = pid; }
  /// The next bytes; whole lines are logged.
  void add(std::string_view bytes, TimePoint now);
  /// Nothing more comes: logs an unfinished line, and how many were left out.
  void finish();
  /// An event of the service's own about the program.
  void note(LogLevel level, std::string_view event, std::string_view fault = {});

 private:
  void finish_line(TimePoint now);
  void write_line();
  void say_left_out();

  Log& log_;
  const std::string program_;
  pid_t pid_ = -1;
  std::string line_;        // what came of it, and of what is too long one byte more than is shown
  TimePoint window_{};      // when it began
  std::size_t logged_ = 0;  // in this window
  std::size_t left_out_ = 0;
};

}  // namespace tether::service
