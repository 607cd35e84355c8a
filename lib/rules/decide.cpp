// SPDX-License-Identifier: MIT
#include "rules/decide.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "protocol/payload.hpp"
#include "rules/fields.hpp"
#include "rules/mapping.hpp"

namespace tether::rules {
namespace {

using protocol::Mutation;
using protocol::Operation;
namespace reason = protocol::reason;

Rejected rejected(std::string_view why, std::string data = "{}") {
  return {.reason = std::string(why), .data = std::move(data)};
}

/// A record that the caller may not see is as good as not there; that there is one by that id shows only where it would
/// be overwritten.
std::optional<Rejected> out_of_sight(const Mutation& sent, const Record& record, const Writer& writer,
                                     const Model& model) {
  if (!record.exists() || is_visible(model, record.payload, writer.claims)) return std::nullopt;
  return rejected(sent.operation == Operation::create ? reason::k_forbidden : reason::k_not_found);
}

/// What the mapper made of a payload. Fields that it added count as changed by the writer, who had not seen them.
Mutation mapped(Mutation mutation, const std::string& payload) {
  if (mutation.before) {
    const std::string added = changes(mutation.payload, payload);
    mutation.before = overlay(earlier_values("{}", added), selected(*mutation.before, payload));
  }
  mutation.payload = payload;
  return mutation;
}

std::variant<Mutation, Rejected, Undecided> through_mapper(const Mutation& sent, const Writer& writer,
                                                           const Model& model, const Verdict* verdict) {
  if (!is_asked_to_map(model, sent)) return sent;
  if (verdict == nullptr) return Undecided{map_question(sent, writer.claims)};
  if (const auto* apply = std::get_if<Apply>(verdict)) return mapped(sent, apply->payload);
  if (const auto* refuse = std::get_if<Refuse>(verdict)) return rejected(refuse->reason, refuse->data);
  return rejected(reason::k_error);
}

/// The fields of validation messages as clients name them: `amount`, `lines[2].price`.
std::string named_outbound(const Model& model, std::string_view messages) {
  if (model.rename.empty()) return std::string(messages);
  protocol::ObjectWriter out;
  for (const auto& member : protocol::members(messages)) {
    std::string path = protocol::unescaped(member.key);
    const auto field_end = std::min(path.find_first_of(".["), path.size());
    path.replace(0, field_end, outbound_name(model, std::string_view(path).substr(0, field_end)));
    std::string quoted;
    append_json_quoted(quoted, path);
    out.member(std::string_view(quoted).substr(1, quoted.size() - 2), member.value);
  }
  return std::move(out).finish();
}

std::string messages_data(const Model& model, std::string_view messages) {
  protocol::ObjectWriter data;
  data.member("messages", named_outbound(model, messages));
  return std::move(data).finish();
}

std::vector<std::string> told(const Model& model, std::vector<std::string> fields) {
  std::erase_if(fields,
                [&](const std::string& field) { return std::ranges::find(model.hide, field) != model.hide.end(); });
  for (std::string& field : fields) field = outbound_name(model, field);
  return fields;
}

/// `outcome` of what was stored under other names or with other values than `sent`, as its writer is to know it.
Outcome finished(Outcome outcome, const Mutation& sent, const Mutation& stored, const Record& record,
                 const Model& model) {
  if (auto* conflict = std::get_if<Conflict>(&outcome)) {
    conflict->fields = told(model, std::move(conflict->fields));
    return outcome;
  }
  auto* applied = std::get_if<Applied>(&outcome);
  if (applied == nullptr || applied->after.deleted) return outcome;
  const bool changed = applied->after.rev != record.rev;
  if (model.validate && changed) {
    const std::string messages = model.validate->messages(applied->after.payload);
    if (!messages.empty()) return rejected(reason::k_validation_failed, messages_data(model, messages));
  }
  if (stored.payload != sent.payload) {
    applied->merged = true;
    if (changed) applied->after.as_sent = false;
  }
  return outcome;
}

}  // namespace

bool is_asked_to_map(const Model& model, const Mutation& sent) {
  return model.mapper && sent.operation != Operation::remove;
}

Question map_question(const Mutation& sent, std::string_view claims) {
  return {.kind = QuestionKind::map,
          .model = sent.model,
          .entity_id = sent.entity_id,
          .operation = sent.operation,
          .base = sent.before ? as_before(sent.payload, *sent.before) : "null",
          .ours = sent.payload,
          .theirs = "null",
          .claims = std::string(claims)};
}

Outcome decide(const Mutation& sent, const Record& record, const Writer& writer, const Model& model,
               const Verdicts& verdicts) {
  if (is_read_only(model, writer.claims)) return rejected(reason::k_forbidden);
  if (auto hidden = out_of_sight(sent, record, writer, model)) return std::move(*hidden);
  auto through = through_mapper(sent, writer, model, verdicts.map);
  if (auto* undecided = std::get_if<Undecided>(&through)) return std::move(*undecided);
  if (auto* refused = std::get_if<Rejected>(&through)) return std::move(*refused);
  auto admitted = inbound(model, std::move(std::get<Mutation>(through)), record, writer.claims);
  if (auto* refused = std::get_if<Rejected>(&admitted)) return std::move(*refused);
  const auto& stored = std::get<Mutation>(admitted);
  return finished(resolve(stored, record, writer, model, verdicts.resolve), sent, stored, record, model);
}

}  // namespace tether::rules
