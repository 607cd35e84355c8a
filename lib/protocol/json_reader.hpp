// SPDX-License-Identifier: MIT
// Reads JSON text once, from front to back, and checks all that it passes: structure, escapes, number grammar, UTF-8,
// nesting. Values that nobody opens are handed out as slices, so that they come back as they were written; a parser
// that makes numbers of numbers would refuse 1e400 and round integers of 30 digits. Errors name the path.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/field_error.hpp"
#include "protocol/limits.hpp"

namespace tether::protocol {

class JsonReader {
 public:
  enum class Kind { object, array, string, number, boolean, null };

  /// `text` outlives the reader. `name` stands in front of every path.
  explicit JsonReader(std::string_view text, std::string_view name = {}) : text_(text), name_(name) {}

  /// What the next value is. Does not move on.
  Kind kind();

  /// Calls `member(key)` for each member, its key unescaped; the call reads the value.
  template <class OnMember>
  void object(OnMember&& on_member);
  /// Calls `item()` for each item; the call reads it.
  template <class OnItem>
  void array(OnItem&& on_item);

  std::string string();
  std::int64_t integer();
  bool boolean();
  /// Takes a null, if one comes next.
  bool null();

  /// Any value: its very text.
  std::string_view value();
  /// Steps over any value, however deep it nests; checks it like any other.
  void skip();
  /// The text of an object, nested no deeper than k_json_depth_max. Where an object is empty, `[]`, null and `{}` mean
  /// the same (PHP does not tell them apart).
  std::string_view payload();

  /// Nothing but white space may follow.
  void end();

  /// Where the reader stands.
  struct Place {
    std::size_t at;
    unsigned depth;
    unsigned depth_max;
  };
  Place place() const { return {at_, depth_, depth_max_}; }
  /// Back to a place that was come by, after a FieldError; not out of the object or array that the reader was in there.
  void go_back(const Place& place);
  /// Whether strings may hold what stands for no text: broken UTF-8, control characters, half a surrogate pair, an
  /// escape that there is not. Only for a way past what is refused anyway, where nothing but its end matters.
  void allow_broken_text(bool allow) { allows_broken_text_ = allow; }

  [[noreturn]] void fail(std::string_view what, ErrorCode code = ErrorCode::invalid_input) const;
  [[noreturn]] void fail_missing(std::string_view field) const;
  /// Where the reader is, as in `mutations[3].entity_id`.
  std::string path() const;

 private:
  struct Step {
    std::string_view key;
    std::int64_t index;  // -1: a member
  };
  static constexpr unsigned k_envelope_depth = 8;  // what our messages nest around a payload, and some

  void enter(Kind expected, char opening, Step step);
  void leave() { --depth_; }
  char next_character();
  bool take(char character);
  bool take_separator(char closing);
  std::string_view key(std::string& unescaped_key);
  std::string_view written_string();
  void escape();
  unsigned hexadecimal();
  void number();
  void digits();
  void word(std::string_view word);
  /// Another kind of value than wanted. Its first character only promised `found`: a text that is no JSON is said to be
  /// none.
  [[noreturn]] void fail_kind(std::string_view wanted, Kind found);
  [[noreturn]] void fail_at(std::string_view expected) const;

  std::string_view text_;
  std::string_view name_;
  std::size_t at_ = 0;
  bool has_escapes_ = false;  // the string read last
  bool allows_broken_text_ = false;
  unsigned depth_ = 0;
  unsigned depth_max_ = k_json_depth_max;
  std::array<Step, k_json_depth_max + k_envelope_depth> steps_;
};

template <class OnMember>
void JsonReader::object(OnMember&& on_member) {
  enter(Kind::object, '{', {{}, -1});
  if (!take('}')) {
    std::string unescaped_key;
    do {
      steps_[depth_ - 1].key = {};
      steps_[depth_ - 1].key = key(unescaped_key);
      on_member(steps_[depth_ - 1].key);
    } while (take_separator('}'));
  }
  leave();
}

template <class OnItem>
void JsonReader::array(OnItem&& on_item) {
  enter(Kind::array, '[', {{}, 0});
  if (!take(']')) {
    do {
      on_item();
      ++steps_[depth_ - 1].index;
    } while (take_separator(']'));
  }
  leave();
}

}  // namespace tether::protocol
