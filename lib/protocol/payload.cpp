// SPDX-License-Identifier: MIT
#include "protocol/payload.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <set>
#include <unordered_map>

#include "base/log.hpp"
#include "base/utf8.hpp"
#include "protocol/field_error.hpp"
#include "protocol/json_reader.hpp"

namespace tether::protocol {

namespace {

constexpr std::size_t k_shown_key_bytes_max = 64;  // of a key in an error message
// Up to so many members every key is compared with every other: faster than a table, and still bounded.
constexpr std::size_t k_members_compared_max = 16;

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

bool has_escapes(std::string_view written) {
  return written.find('\\') != std::string_view::npos;
}

/// Whether a key as written stands for `plain`.
bool stands_for(std::string_view written, std::string_view plain) {
  return has_escapes(written) ? unescaped(written) == plain : written == plain;
}

/// Finds its way through text that is known to be valid: looks only at what bounds a value.
class Scanner {
 public:
  explicit Scanner(std::string_view valid) : text_(valid) {}

  /// The first character that is no white space; '\0' at the end.
  char peek() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  void pass(char character) {
    if (peek() == character) ++at_;
  }

  std::string_view string_between_quotes() {
    const std::size_t start = at_ + 1;
    pass_string();
    return text_.substr(start, at_ - 1 - start);
  }

  std::string_view value() {
    const char first = peek();
    const std::size_t start = at_;
    if (first == '"') {
      pass_string();
    } else if (first == '{' || first == '[') {
      pass_nested();
    } else {
      at_ = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
    }
    return text_.substr(start, at_ - start);
  }

 private:
  void pass_string() {
    ++at_;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    at_ = std::min(at_ + 1, text_.size());
  }

  void pass_nested() {
    std::size_t depth = 0;
    do {
      const char c = text_[at_];
      if (c == '"') {
        pass_string();
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at_;
    } while (depth > 0 && at_ < text_.size());
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

template <class OnMember>
void for_each_member(std::string_view object, OnMember&& on_member) {
  Scanner scanner(object);
  scanner.pass('{');
  while (scanner.peek() == '"') {
    const std::string_view key = scanner.string_between_quotes();
    scanner.pass(':');
    on_member(Member{key, scanner.value()});
    scanner.pass(',');
  }
}

template <class OnItem>
void for_each_item(std::string_view array, OnItem&& on_item) {
  Scanner scanner(array);
  scanner.pass('[');
  while (scanner.peek() != ']') {
    on_item(scanner.value());
    scanner.pass(',');
  }
}

bool nests(std::string_view value) {
  return value.starts_with('{') || value.starts_with('[');
}

void check_value_for_keys(std::string_view value, const std::string& path) {
  if (value.starts_with('{')) return check_no_key_twice(value, path);
  if (!value.starts_with('[')) return;
  std::size_t index = 0;
  for_each_item(value, [&](std::string_view item) {
    if (nests(item)) check_value_for_keys(item, path + "[" + std::to_string(index) + "]");
    ++index;
  });
}

void keep_last_of_few(std::vector<Member>& members) {
  std::size_t kept = 0;
  for (const Member& member : members) {
    std::size_t same = 0;
    while (same < kept && !same_key(members[same].key, member.key)) ++same;
    if (same == kept) {
      members[kept++] = member;
    } else {
      members[same].value = member.value;
    }
  }
  members.resize(kept);
}

void keep_last_of_many(std::vector<Member>& members) {
  std::unordered_map<std::string, std::size_t> places;
  places.reserve(members.size());
  std::size_t kept = 0;
  for (const Member& member : members) {
    const auto [place, is_new] = places.try_emplace(unescaped(member.key), kept);
    if (is_new) {
      members[kept++] = member;
    } else {
      members[place->second].value = member.value;
    }
  }
  members.resize(kept);
}

char32_t hexadecimal(std::string_view four_digits) {
  unsigned value = 0;
  std::from_chars(four_digits.data(), four_digits.data() + four_digits.size(), value, 16);
  return value;
}

char plain_escape(char escaped) {
  switch (escaped) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return escaped;
  }
}

/// Appends what the `\u` escape at the front stands for, and returns how many characters it is written with.
std::size_t append_unicode_escape(std::string& out, std::string_view escape) {
  const char32_t first = hexadecimal(escape.substr(2, 4));
  if (first < 0xd800 || first > 0xdfff || escape.size() < 12) {
    append_utf8(out, first);
    return 6;
  }
  const char32_t second = hexadecimal(escape.substr(8, 4));
  append_utf8(out, 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
  return 12;
}

}  // namespace

void check_object(std::string_view text) {
  JsonReader reader(text);
  if (reader.kind() != JsonReader::Kind::object) reader.fail("not a JSON object");
  reader.payload();
  reader.end();
}

void check_no_key_twice(std::string_view object, std::string_view name) {
  std::set<std::string, std::less<>> keys;
  for_each_member(object, [&](const Member& member) {
    const auto [key, is_new] = keys.insert(unescaped(member.key));
    if (is_new && !nests(member.value)) return;
    // Short, since each part of it is in all paths beneath.
    const std::string_view shown = utf8_prefix(*key, k_shown_key_bytes_max);
    const std::string path = name.empty() ? std::string(shown) : std::string(name) + "." + std::string(shown);
    if (!is_new) throw FieldError(path, "stands there twice");
    check_value_for_keys(member.value, path);
  });
}

std::vector<Member> members(std::string_view object) {
  std::vector<Member> found;
  found.reserve(k_members_compared_max);
  for_each_member(object, [&](const Member& member) { found.push_back(member); });
  if (found.size() <= k_members_compared_max) {
    keep_last_of_few(found);
  } else {
    keep_last_of_many(found);
  }
  return found;
}

bool same_key(std::string_view a, std::string_view b) {
  if (a == b) return true;
  if (!has_escapes(a) && !has_escapes(b)) return false;
  return unescaped(a) == unescaped(b);
}

std::string unescaped(std::string_view written) {
  std::string out;
  out.reserve(written.size());
  while (true) {
    const std::size_t plain = std::min(written.find('\\'), written.size());
    out += written.substr(0, plain);
    written.remove_prefix(plain);
    if (written.size() < 2) return out;
    if (written[1] == 'u') {
      written.remove_prefix(std::min(append_unicode_escape(out, written), written.size()));
    } else {
      out += plain_escape(written[1]);
      written.remove_prefix(2);
    }
  }
}

std::string_view find_member(std::string_view object, std::string_view key) {
  std::string_view found;
  for_each_member(object, [&](const Member& member) {
    if (stands_for(member.key, key)) found = member.value;
  });
  return found;
}

std::string without_member(std::string_view object, std::string_view key) {
  std::string out;
  std::size_t copied = 0;  // of `object`
  bool is_first = true;    // so far nothing was kept
  for_each_member(object, [&](const Member& member) {
    const auto start = static_cast<std::size_t>(member.key.data() - object.data()) - 1;
    const auto end = static_cast<std::size_t>(member.value.data() - object.data()) + member.value.size();
    if (stands_for(member.key, key)) {
      // The comma goes with it: the one in front, or the one behind where nothing is in front.
      out += object.substr(copied, is_first ? start - copied : object.rfind(',', start) - copied);
      copied = is_first ? std::min(object.find_first_not_of(" \t\r\n,", end), object.size()) : end;
    } else {
      is_first = false;
    }
  });
  return out += object.substr(copied);
}

std::string without_white_space(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  Scanner scanner(json);
  while (const char next = scanner.peek()) {
    if (next == '"') {
      out += '"';
      out += scanner.string_between_quotes();
      out += '"';
    } else {
      out += next;
      scanner.pass(next);
    }
  }
  return out;
}

void ObjectWriter::member(std::string_view key, std::string_view value) {
  if (out_.size() > 1) out_ += ',';
  out_ += '"';
  out_ += key;
  out_ += "\":";
  out_ += value;
}

void ObjectWriter::text_member(std::string_view key, std::string_view text) {
  if (out_.size() > 1) out_ += ',';
  append_json_quoted(out_, key);
  out_ += ':';
  append_json_quoted(out_, text);
}

std::string ObjectWriter::finish() && {
  out_ += '}';
  return std::move(out_);
}

}  // namespace tether::protocol
