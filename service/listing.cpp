// SPDX-License-Identifier: MIT
#include "service/listing.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace tether::service {

namespace {

/// Of well-formed UTF-8: every byte that continues a character is left out.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

std::string printable(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return (c >= 0 && c < ' ') || c == 127; }, '?');
  // U+0080 to U+009F, which some terminals obey too, are C2 80 to C2 9F.
  for (std::size_t at = text.find('\xC2'); at != std::string::npos; at = text.find('\xC2', at + 1)) {
    if (at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xA0) text.replace(at, 2, "?");
  }
  return text;
}

void print_columns(std::vector<std::vector<std::string>> rows, std::ostream& out) {
  std::vector<std::size_t> widths;
  for (auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = printable(std::move(row[i]));
      widths[i] = std::max(widths[i], width_of(row[i]));
    }
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += row[i] + std::string(widths[i] + 2 - width_of(row[i]), ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << "\n";
  }
}

void check_written(std::ostream& out) {
  if (!out.flush()) throw Error(ErrorCode::io, "cannot write to standard output");
}

void write_time(protocol::JsonWriter& json, std::string_view name, const std::optional<std::int64_t>& ms) {
  json.key(name);
  if (ms) {
    json.text(rfc3339_ms(from_ms(*ms)));
  } else {
    json.raw("null");
  }
}

}  // namespace tether::service
