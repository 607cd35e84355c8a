// SPDX-License-Identifier: MIT
// One line per event on stderr, for machines (one JSON object) or for people. Never a payload, never a token.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/clock.hpp"

namespace tether {

enum class LogFormat { json, text };
enum class LogLevel { debug, info, warning, error };

using LogValue = std::variant<std::string_view, std::int64_t, double, bool>;
using LogField = std::pair<std::string_view, LogValue>;

/// Safe to use from several threads if the clock and the sink are: a line is handed over whole, with its newline, by
/// one call of the sink.
class Log {
 public:
  using Sink = std::function<void(std::string_view line)>;
  Log(Clock& clock, LogFormat format, Sink sink) : clock_(clock), format_(format), sink_(std::move(sink)) {}
  void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

 private:
  Clock& clock_;
  LogFormat format_;
  Sink sink_;
};

/// `text` as a JSON string with its quotes; invalid UTF-8 becomes U+FFFD.
std::string json_quoted(std::string_view text);
void append_json_quoted(std::string& out, std::string_view text);

}  // namespace tether
