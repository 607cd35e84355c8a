// SPDX-License-Identifier: MIT
#include "service/verdict_text.hpp"

#include <optional>

#include "protocol/json_reader.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/payload.hpp"

namespace tether::service {

namespace {

using protocol::JsonReader;
using protocol::without_white_space;

/// nullopt for null: programs whose records have all members write it for what they do not say.
std::optional<std::string> read_object(JsonReader& reader) {
  if (reader.null()) return std::nullopt;
  if (reader.kind() != JsonReader::Kind::object) reader.fail("must be an object");
  return std::string(reader.payload());
}

/// Whether true stands there; null and false say nothing.
bool read_flag(JsonReader& reader) {
  return !reader.null() && reader.boolean();
}

class AnswerReader {
 public:
  AnswerReader(std::string_view line, std::int64_t id) : reader_(line, "answer"), id_(id) {}

  rules::Verdict read() {
    reader_.object([this](std::string_view field) { read_field(field); });
    reader_.end();
    if (!is_named_) reader_.fail_missing("id");
    if (!verdict_) reader_.fail("says none of apply, delete, keep and reject");
    if (auto* refusal = std::get_if<rules::Refuse>(&*verdict_); refusal != nullptr && messages_) {
      refusal->data = R"({"messages":)" + *messages_ + "}";
    }
    return std::move(*verdict_);
  }

 private:
  void read_field(std::string_view field) {
    if (field == "id") {
      read_id();
    } else if (field == "apply") {
      if (auto payload = read_object(reader_)) decide(rules::Apply{*std::move(payload)});
    } else if (field == "delete") {
      if (read_flag(reader_)) decide(rules::Delete{});
    } else if (field == "keep") {
      if (read_flag(reader_)) decide(rules::Keep{});
    } else if (field == "reject") {
      if (!reader_.null()) decide(rules::Refuse{.reason = reader_.string(), .data = "{}"});
    } else if (field == "messages") {
      messages_ = read_object(reader_);
    } else {
      reader_.value();
    }
  }

  void read_id() {
    const std::int64_t id = reader_.integer();
    if (id != id_) reader_.fail("is " + std::to_string(id) + ", but " + std::to_string(id_) + " was asked");
    is_named_ = true;
  }

  void decide(rules::Verdict verdict) {
    if (verdict_) reader_.fail("more than one of apply, delete, keep and reject");
    verdict_ = std::move(verdict);
  }

  JsonReader reader_;
  const std::int64_t id_;
  bool is_named_ = false;
  std::optional<rules::Verdict> verdict_;
  std::optional<std::string> messages_;
};

}  // namespace

std::string question_line(std::int64_t id, const rules::Question& question) {
  std::string line;
  line.reserve(256 + question.base.size() + question.ours.size() + question.theirs.size() + question.claims.size());
  protocol::JsonWriter writer(line);
  writer.begin_object();
  writer.key("id").number(id);
  writer.key("kind").text(question.kind == rules::QuestionKind::map ? "map" : "resolve");
  writer.key("model").text(question.model.value);
  writer.key("entity_id").text(question.entity_id.value);
  writer.key("operation").text(protocol::name(question.operation));
  writer.key("base").raw(without_white_space(question.base));
  writer.key("ours").raw(without_white_space(question.ours));
  writer.key("theirs").raw(without_white_space(question.theirs));
  writer.key("claims").raw(without_white_space(question.claims));
  writer.end_object();
  return line += '\n';
}

rules::Verdict read_verdict(std::string_view line, std::int64_t id) {
  return AnswerReader(line, id).read();
}

}  // namespace tether::service
