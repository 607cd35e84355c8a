// SPDX-License-Identifier: MIT
// Appends JSON to a text, token by token; sets the commas.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/log.hpp"

namespace tether::protocol {

class JsonWriter {
 public:
  /// `out` outlives the writer; it is empty or ends where a value may stand.
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  /// `key` as written between quotes: one of our field names, or an id that needs no escape.
  JsonWriter& key(std::string_view key) {
    comma();
    out_ += '"';
    out_ += key;
    out_ += "\":";
    return *this;
  }
  JsonWriter& text(std::string_view text) {
    comma();
    append_json_quoted(out_, text);
    return *this;
  }
  JsonWriter& number(std::int64_t number) {
    comma();
    char digits[24];
    out_.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
    return *this;
  }
  JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }
  /// The text of a whole value.
  JsonWriter& raw(std::string_view value) {
    comma();
    out_ += value;
    return *this;
  }

 private:
  JsonWriter& open(char character) {
    comma();
    out_ += character;
    return *this;
  }
  JsonWriter& close(char character) {
    out_ += character;
    return *this;
  }
  /// A comma is due unless something was just opened or named: no complete value ends in one of these characters.
  void comma() {
    if (out_.empty()) return;
    const char last = out_.back();
    if (last != '{' && last != '[' && last != ':' && last != ',') out_ += ',';
  }

  std::string& out_;
};

}  // namespace tether::protocol
