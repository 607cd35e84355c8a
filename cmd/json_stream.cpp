// SPDX-License-Identifier: MIT
#include "cmd/json_stream.hpp"

#include "base/log.hpp"

namespace tether::cmd {

JsonStream::JsonStream(Terminal& terminal, JsonObject first) : terminal_(terminal) {
  terminal_.part("{");
  members(std::move(first));
}

void JsonStream::members(JsonObject object) {
  const std::string text = std::move(object).finish();
  const std::string_view between_braces = std::string_view(text).substr(1, text.size() - 2);
  if (between_braces.empty()) return;
  if (has_members_) terminal_.part(",");
  terminal_.part(between_braces);
  has_members_ = true;
}

void JsonStream::begin_array(std::string_view key) {
  if (has_members_) terminal_.part(",");
  terminal_.part(json_quoted(key));
  terminal_.part(":[");
  has_members_ = true;
  has_items_ = false;
}

void JsonStream::item(std::string_view json) {
  if (has_items_) terminal_.part(",");
  terminal_.part(json);
  has_items_ = true;
}

void JsonStream::end_array() {
  terminal_.part("]");
}

void JsonStream::finish(JsonObject last) {
  members(std::move(last));
  terminal_.line("}");
}

}  // namespace tether::cmd
