// SPDX-License-Identifier: MIT
#include "authority/authors_text.hpp"

#include <charconv>

#include "authority/answer_data.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/payload.hpp"
#include "rules/fields.hpp"

namespace tether::authority {
namespace {

std::int64_t integer(std::string_view object, std::string_view member) {
  const std::string_view text = protocol::find_member(object, member);
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string text(std::string_view value) {
  return rules::text_value(value).value_or("");
}

rules::Author read_author(std::string_view object) {
  rules::Author author{.client = ClientId{text(protocol::find_member(object, "client"))},
                       .rev = Rev{integer(object, "rev")},
                       .written_at_ms = integer(object, "at_ms"),
                       .written_version = integer(object, "version"),
                       .fields = {}};
  for (const auto name : rules::elements(protocol::find_member(object, "fields"))) author.fields.push_back(text(name));
  return author;
}

}  // namespace

std::string authors_text(const rules::Authors& authors, Rev rev) {
  std::string out;
  if (authors.empty()) return out;
  protocol::JsonWriter json(out);
  json.begin_object().key("rev").number(rev.value).key("authors").begin_array();
  for (const rules::Author& author : authors) {
    json.begin_object().key("client").text(author.client.value).key("rev").number(author.rev.value);
    json.key("at_ms").number(author.written_at_ms).key("version").number(author.written_version);
    json.key("fields").raw(names_array(author.fields)).end_object();
  }
  json.end_array().end_object();
  return out;
}

rules::Authors read_authors(std::string_view text, Rev rev) {
  rules::Authors authors;
  if (text.empty() || integer(text, "rev") != rev.value) return authors;
  for (const auto object : rules::elements(protocol::find_member(text, "authors"))) {
    authors.push_back(read_author(object));
  }
  return authors;
}

}  // namespace tether::authority
