// SPDX-License-Identifier: MIT
#include "cmd/field_values.hpp"

#include "base/log.hpp"
#include "base/utf8.hpp"
#include "cmd/arguments.hpp"
#include "cmd/input.hpp"
#include "cmd/json_out.hpp"
#include "protocol/limits.hpp"
#include "protocol/payload.hpp"

namespace tether::cmd {
namespace {

constexpr std::string_view k_forms = "Fields are FIELD=TEXT or FIELD:=JSON, as in title=\"Fix pump\" done:=true.";

/// Checks that `json` is exactly one value, by its place in an object.
std::string checked_value(std::string_view json, const std::string& name) {
  constexpr std::string_view k_blank = " \t\r\n";
  const auto begin = json.find_first_not_of(k_blank);
  if (begin == std::string_view::npos) throw Error(ErrorCode::usage, name + ":= has no value", std::string(k_forms));
  const auto value = json.substr(begin, json.find_last_not_of(k_blank) + 1 - begin);
  const auto object = "{\"value\":" + std::string(value) + "}";
  const auto fail = [&](const std::string& why) {
    throw Error(ErrorCode::usage, name + ":=" + printable(shortened(value, 60)) + " is no JSON value" + why,
                "For a text write " + name + "=TEXT.");
  };
  try {
    protocol::check_object(object);
  } catch (const Error& error) {
    // A place in the text would mislead, as here braces stand around it.
    const std::string cause = error.what();
    const auto depth = cause.find("nested deeper");
    if (depth == std::string::npos) fail("");
    throw Error(ErrorCode::usage, "the field " + name + " is " + cause.substr(depth), error.hint());
  }
  if (protocol::find_member(object, "value") != value) fail(": it is more than one");
  as_usage([&] { with_context("the field " + name, [&] { protocol::check_no_key_twice(object); }); });
  return std::string(value);
}

}  // namespace

FieldWord parse_field(std::string_view word) {
  const auto equals = word.find('=');
  if (equals == std::string_view::npos)
    throw Error(ErrorCode::usage, "'" + printable(word) + "' is no field", std::string(k_forms));
  const bool is_json = equals > 0 && word[equals - 1] == ':';
  const std::string name(word.substr(0, is_json ? equals - 1 : equals));
  if (name.empty()) throw Error(ErrorCode::usage, "'" + printable(word) + "' names no field", std::string(k_forms));
  if (!is_utf8(word)) {
    throw Error(ErrorCode::usage, "'" + printable(word.substr(0, word.find('='))) + "' is not valid UTF-8",
                "Texts are UTF-8.");
  }
  const auto value = word.substr(equals + 1);
  return {name, is_json ? checked_value(value, name) : json_quoted(value)};
}

std::string fields_object(const std::vector<std::string>& words) {
  std::vector<std::string> names;
  protocol::ObjectWriter writer;
  for (const auto& word : words) {
    auto field = parse_field(word);
    if (protocol::same_key(field.name, "tether_id")) {
      throw Error(ErrorCode::usage, "a field cannot be named tether_id",
                  "That name carries the entity's id on the wire; use another one.");
    }
    for (const auto& name : names) {
      if (name == field.name) throw Error(ErrorCode::usage, "the field " + name + " is given twice");
    }
    const auto quoted = json_quoted(field.name);
    writer.member(std::string_view(quoted).substr(1, quoted.size() - 2), field.json);
    names.push_back(std::move(field.name));
  }
  return std::move(writer).finish();
}

std::string read_data(Context& context, const std::string& argument) {
  const bool is_file = argument.starts_with('@') || argument == "-";
  const auto bytes_max = protocol::Limits().payload_bytes_max;
  const auto path = argument.starts_with('@') ? argument.substr(1) : argument;
  auto text = is_file ? Input(context, path).read_all(bytes_max) : argument;
  const auto check = [&] {
    protocol::check_object(text);
    protocol::check_no_key_twice(text);
  };
  if (is_file) {
    with_context(path == "-" ? "standard input" : path, check);
  } else {
    as_usage([&] { with_context("--data", check); });
  }
  return text;
}

std::string readable(std::string_view json_value) {
  if (!json_value.starts_with('"')) return printable(one_line(json_value));
  return printable(protocol::unescaped(json_value.substr(1, json_value.size() - 2)));
}

std::string as_words(std::string_view payload) {
  constexpr std::string_view k_plain_breakers = " \t\r\n\"'\\$`!*?[](){}<>|&;#~";
  std::string out;
  for (const auto& member : protocol::members(payload)) {
    if (!out.empty()) out += ' ';
    out += printable(protocol::unescaped(member.key));
    if (!member.value.starts_with('"')) {
      out += ":=" + readable(member.value);
      continue;
    }
    const auto text = readable(member.value);
    const bool bare = !text.empty() && text.find_first_of(k_plain_breakers) == std::string::npos;
    out += bare ? "=" + text : "=\"" + text + "\"";
  }
  return out;
}

}  // namespace tether::cmd
