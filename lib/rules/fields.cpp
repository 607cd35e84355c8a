// SPDX-License-Identifier: MIT
#include "rules/fields.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "protocol/payload.hpp"
#include "rules/index.hpp"

namespace tether::rules {

namespace {

using protocol::Member;
using protocol::members;
using protocol::ObjectWriter;

bool is_string(std::string_view value) {
  return value.starts_with('"');
}
bool is_object(std::string_view value) {
  return value.starts_with('{');
}
std::string_view inside_quotes(std::string_view value) {
  return value.substr(1, value.size() - 2);
}

}  // namespace

bool is_array(std::string_view value) {
  return value.starts_with('[');
}

std::optional<std::string> text_value(std::string_view value) {
  if (!is_string(value)) return std::nullopt;
  return protocol::unescaped(inside_quotes(value));
}

std::vector<std::string_view> elements(std::string_view array) {
  std::vector<std::string_view> found;
  std::size_t begin = 1;
  int depth = 0;
  bool quoted = false;
  const auto add = [&](std::size_t end) {
    auto element = array.substr(begin, end - begin);
    const auto first = element.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return;
    const auto last = element.find_last_not_of(" \t\r\n");
    found.push_back(element.substr(first, last - first + 1));
  };
  for (std::size_t i = 1; i < array.size(); ++i) {
    const char c = array[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (depth > 0 && (c == ']' || c == '}')) {
      --depth;
    } else if (depth == 0 && (c == ',' || c == ']')) {
      add(i);
      begin = i + 1;
    }
  }
  return found;
}

std::string overlay(std::string_view base, std::string_view patch) {
  const auto under = members(base);
  const auto over = members(patch);
  if (over.empty()) return std::string(base);
  const Index by_under(under);
  const Index by_over(over);
  ObjectWriter out;
  for (const auto& member : under) {
    const auto* newer = by_over.find(member.key);
    out.member(member.key, newer != nullptr ? newer->value : member.value);
  }
  for (const auto& member : over) {
    if (by_under.find(member.key) == nullptr) out.member(member.key, member.value);
  }
  return std::move(out).finish();
}

bool same_value(std::string_view a, std::string_view b) {
  if (a == b) return true;
  if (is_string(a) && is_string(b)) return text_value(a) == text_value(b);
  if (is_object(a) && is_object(b)) return same_fields(a, b);
  if (is_array(a) && is_array(b)) return std::ranges::equal(elements(a), elements(b), same_value);
  return false;
}

std::string canonical(std::string_view value) {
  if (const auto text = text_value(value)) return json_quoted(*text);
  if (is_array(value)) {
    std::string out = "[";
    for (const auto element : elements(value)) {
      if (out.size() > 1) out += ',';
      out += canonical(element);
    }
    return out + ']';
  }
  if (!is_object(value)) return std::string(value);
  std::vector<std::pair<std::string, std::string>> sorted;
  for (const auto& member : members(value)) {
    sorted.emplace_back(json_quoted(protocol::unescaped(member.key)), canonical(member.value));
  }
  std::ranges::sort(sorted);
  std::string out = "{";
  for (const auto& [key, text] : sorted) {
    if (out.size() > 1) out += ',';
    out += key + ':' + text;
  }
  return out + '}';
}

bool same_fields(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const auto left = members(a);
  const auto right = members(b);
  if (left.size() != right.size()) return false;
  const Index by_right(right);
  return std::ranges::all_of(left, [&](const Member& member) {
    const auto* other = by_right.find(member.key);
    return other != nullptr && same_value(member.value, other->value);
  });
}

std::string changes(std::string_view base, std::string_view patch) {
  const auto known = members(base);
  const Index by_known(known);
  ObjectWriter out;
  for (const auto& member : members(patch)) {
    const auto* earlier = by_known.find(member.key);
    if (earlier == nullptr || !same_value(earlier->value, member.value)) out.member(member.key, member.value);
  }
  return std::move(out).finish();
}

std::string earlier_values(std::string_view base, std::string_view changed) {
  const auto known = members(base);
  const Index by_known(known);
  ObjectWriter out;
  for (const auto& member : members(changed)) {
    const auto* earlier = by_known.find(member.key);
    out.member(member.key, earlier != nullptr ? earlier->value : std::string_view("null"));
  }
  return std::move(out).finish();
}

std::string selected(std::string_view object, std::string_view selection) {
  const auto names = members(selection);
  const Index by_name(names);
  ObjectWriter out;
  for (const auto& member : members(object)) {
    if (by_name.find(member.key) != nullptr) out.member(member.key, member.value);
  }
  return std::move(out).finish();
}

std::string as_before(std::string_view payload, std::string_view before) {
  return overlay(payload, before);
}

bool covers(std::string_view object, std::string_view other) {
  const auto here = members(object);
  const Index by_key(here);
  return std::ranges::all_of(members(other), [&](const Member& member) { return by_key.find(member.key) != nullptr; });
}

std::vector<std::string> field_names(std::string_view object) {
  std::vector<std::string> names;
  for (const auto& member : members(object)) names.push_back(protocol::unescaped(member.key));
  return names;
}

std::vector<std::string> same_valued_fields(std::string_view a, std::string_view b) {
  const auto right = members(b);
  const Index by_right(right);
  std::vector<std::string> names;
  for (const auto& member : members(a)) {
    const auto* other = by_right.find(member.key);
    if (other != nullptr && same_value(member.value, other->value)) names.push_back(protocol::unescaped(member.key));
  }
  return names;
}

std::vector<std::string> differing_fields(std::string_view a, std::string_view b) {
  const auto left = members(a);
  const auto right = members(b);
  const Index by_left(left);
  const Index by_right(right);
  std::vector<std::string> names;
  for (const auto& member : left) {
    const auto* other = by_right.find(member.key);
    if (other == nullptr || !same_value(member.value, other->value)) names.push_back(protocol::unescaped(member.key));
  }
  for (const auto& member : right) {
    if (by_left.find(member.key) == nullptr) names.push_back(protocol::unescaped(member.key));
  }
  return names;
}

}  // namespace tether::rules
