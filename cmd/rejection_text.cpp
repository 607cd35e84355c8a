// SPDX-License-Identifier: MIT
#include "cmd/rejection_text.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "cmd/output.hpp"
#include "protocol/payload.hpp"

namespace tether::cmd {

namespace {

constexpr std::size_t k_fields_named_max = 5;  // a form may have more; the log shows the rest
constexpr std::string_view k_white_space = " \t\r\n";

std::string_view without_leading_space(std::string_view json) {
  return json.substr(std::min(json.find_first_not_of(k_white_space), json.size()));
}

/// What lies between the quotes of the string that `json` begins with; empty where there is none.
std::string_view leading_string(std::string_view json) {
  if (!json.starts_with('"')) return {};
  std::size_t end = 1;
  while (end < json.size() && json[end] != '"') end += json[end] == '\\' ? 2 : 1;
  return json.substr(1, std::min(end, json.size()) - 1);
}

/// A server sends a list of messages for a field, or just one.
std::string first_message(std::string_view messages) {
  const std::string_view first = messages.starts_with('[') ? without_leading_space(messages.substr(1)) : messages;
  return first.starts_with('"') ? protocol::unescaped(leading_string(first)) : std::string(messages);
}

std::string field_messages(std::string_view messages) {
  std::string text;
  std::size_t named = 0;
  for (const protocol::Member& member : protocol::members(messages)) {
    if (named++ == k_fields_named_max) return text + "; …";
    text += (text.empty() ? "" : "; ") + protocol::unescaped(member.key) + ": " + first_message(member.value);
  }
  return text;
}

std::string explanation(std::string_view data) {
  const std::string_view messages = protocol::find_member(data, "messages");
  if (messages.starts_with('{')) return field_messages(messages);
  const std::string_view message = protocol::find_member(data, "message");
  return message.starts_with('"') ? first_message(message) : std::string{};
}

}  // namespace

std::string rejection_text(std::string_view reason, std::string_view data) {
  const std::string why = explanation(data);
  return printable(why.empty() ? std::string(reason) : std::string(reason) + ": " + why);
}

std::string lost_text(const std::vector<std::string>& fields) {
  std::string text;
  for (const std::string& field : fields) text += (text.empty() ? "lost: " : ", ") + field;
  return printable(text);
}

std::string overwritten_text(const protocol::OverwriteReport& report) {
  std::string text = "overwritten";
  if (report.by_program) text += " by a program of the server";
  if (!report.server_written_by.value.empty()) {
    text += (report.by_program ? " for " : " by ") + report.server_written_by.value;
  }
  if (report.server_updated_at_us > 0) text += " at " + rfc3339_ms(from_us(report.server_updated_at_us));
  std::string fields = report.deleted ? "the delete" : "";
  for (const std::string& field : report.fields) fields += (fields.empty() ? "" : ", ") + field;
  return printable(text + ": " + fields);
}

}  // namespace tether::cmd
