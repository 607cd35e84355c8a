// SPDX-License-Identifier: MIT
#include "service/program_log.hpp"

#include <algorithm>

#include "base/utf8.hpp"

namespace tether::service {

void ProgramLog::add(std::string_view bytes, TimePoint now) {
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    line_ += bytes.substr(0, std::min(end, k_line_bytes_max + 1 - line_.size()));
    if (end == bytes.size()) return;
    finish_line(now);
    bytes.remove_prefix(end + 1);
  }
}

void ProgramLog::finish() {
  if (!line_.empty()) write_line();
  say_left_out();
}

void ProgramLog::finish_line(TimePoint now) {
  if (now - window_ >= k_window) {
    say_left_out();
    window_ = now;
    logged_ = 0;
  }
  if (logged_ < k_lines_max) {
    ++logged_;
    return write_line();
  }
  ++left_out_;
  line_.clear();
}

void ProgramLog::write_line() {
  if (line_.ends_with('\r')) line_.pop_back();
  std::string text(utf8_prefix(line_, k_line_bytes_max));
  if (text.size() < line_.size()) text += "…";
  log_.write(LogLevel::info, "program says", {{"program", program_}, {"pid", std::int64_t{pid_}}, {"line", text}});
  line_.clear();
}

void ProgramLog::say_left_out() {
  if (left_out_ == 0) return;
  log_.write(LogLevel::warning, "program said too much",
             {{"program", program_}, {"pid", std::int64_t{pid_}}, {"lines_left_out", std::int64_t(left_out_)}});
  left_out_ = 0;
}

void ProgramLog::note(LogLevel level, std::string_view event, std::string_view fault) {
  const LogField program{"program", program_};
  const LogField pid{"pid", std::int64_t{pid_}};
  if (fault.empty()) return log_.write(level, event, {program, pid});
  log_.write(level, event, {program, pid, {"fault", fault}});
}

}  // namespace tether::service
