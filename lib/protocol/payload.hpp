// SPDX-License-Identifier: MIT
// A payload is the text of one JSON object. Nobody parses it to pass it on: its members are found once and kept as
// slices of the text that arrived, so that numbers of any length, key order and escapes come back as they were written.
// A value is opened only where a rule asks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tether::protocol {

/// One member of an object. Both views point into the text that was read.
struct Member {
  std::string_view key;    // between the quotes, escapes as written
  std::string_view value;  // the very text of the value, without surrounding white space
};

/// Checks that `text` is one complete JSON value that is an object: structure, strings, escapes, number grammar, UTF-8,
/// nesting at most `k_json_depth_max`. Throws Error(invalid_input), naming the path of what is wrong.
void check_object(std::string_view text);

/// Checks that no object in a valid one, at any depth, has two members with the same key. On the wire the last counts;
/// of what a person writes here and now, one of the two would be lost without a word. `name` stands in front of the
/// path. Throws Error(invalid_input).
void check_no_key_twice(std::string_view object, std::string_view name = {});

/// The members of an object that is known to be valid, in their order. Of members with the same key the last counts and
/// stands in the place of the first. The views live as long as `object`.
std::vector<Member> members(std::string_view object);

/// Whether two keys as written name the same member ("a" and "\u0061" do).
bool same_key(std::string_view a, std::string_view b);

/// The text that a key or string value as written stands for; `written` is what lies between the quotes.
std::string unescaped(std::string_view written);

/// The value of member `key` (given unescaped), or an empty view when there is none.
std::string_view find_member(std::string_view object, std::string_view key);

/// `object` without its members `key` (given unescaped), if it has any; the others keep their text.
std::string without_member(std::string_view object, std::string_view key);

/// A valid value on one line: white space outside of strings is left out, every token stays as it was written.
std::string without_white_space(std::string_view json);

/// Builds an object's text from members; the one place where commas are written.
class ObjectWriter {
 public:
  /// `key` as written between quotes (already escaped).
  void member(std::string_view key, std::string_view value);
  /// `key` and `text` are plain texts: quoted and escaped here.
  void text_member(std::string_view key, std::string_view text);
  std::string finish() &&;

 private:
  std::string out_ = "{";
};

}  // namespace tether::protocol
