// SPDX-License-Identifier: MIT
#include "rules/decide.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.hpp"
#include "protocol/payload.hpp"
#include "rules/fields.hpp"
#include "rules/mapping.hpp"
#include "rules/untold.hpp"

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

bool is_asked_to_map(const Model& model, const Mutation& sent) {
  return model.mapper && sent.operation != Operation::remove;
}

Question question_about(const Mutation& admitted, std::string_view claims) {
  return {.kind = QuestionKind::map,
          .model = admitted.model,
          .entity_id = admitted.entity_id,
          .operation = admitted.operation,
          .ours = admitted.payload,
          .claims = std::string(claims)};
}

/// Who brings a record back cannot name what it is not told: that comes back as it was.
Mutation with_untold(Mutation mutation, const Record& record, const Model& model) {
  if (mutation.operation != Operation::create || !record.deleted || !maps_outbound(model)) return mutation;
  protocol::ObjectWriter untold;
  for (const auto& member : protocol::members(record.payload)) {
    if (is_untold(model, protocol::unescaped(member.key))) untold.member(member.key, member.value);
  }
  mutation.payload = overlay(std::move(untold).finish(), mutation.payload);
  return mutation;
}

/// The mutation as it is to be stored, as far as that depends on nothing but the model.
std::variant<Mutation, Rejected, Undecided> admitted(const Mutation& sent, const Record& record, const Writer& writer,
                                                     const Model& model, const Verdict* verdict) {
  auto stored = inbound(model, sent, record, writer.claims);
  if (auto* refused = std::get_if<Rejected>(&stored)) return std::move(*refused);
  auto& mutation = std::get<Mutation>(stored);
  if (!is_asked_to_map(model, sent)) return std::move(mutation);
  if (verdict == nullptr) return Undecided{question_about(mutation, writer.claims)};
  if (const auto* apply = std::get_if<Apply>(verdict)) return mapped(std::move(mutation), apply->payload);
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
  std::erase_if(fields, [&](const std::string& field) { return !is_told(model, field); });
  for (std::string& field : fields) field = outbound_name(model, field);
  return fields;
}

/// What a writer changed although it may not, and what is not so anyway. Null is what is not there. Whether it guessed
/// what it is not told does not show.
std::vector<std::string> refused_fields(const Mutation& sent, const Record& after, const Model& model) {
  const std::string forbidden = forbidden_changes(model, sent);
  std::vector<std::string> fields;
  for (const auto& member : protocol::members(forbidden)) {
    std::string field = protocol::unescaped(member.key);
    const auto stored = after.deleted ? std::string_view() : protocol::find_member(after.payload, field);
    const bool is_so = !is_untold(model, field) && same_value(member.value, stored.empty() ? "null" : stored);
    if (!is_so) fields.push_back(std::move(field));
  }
  return fields;
}

/// The fields of a conflict, with all that the writer could only guess behind the others: whether it did does not show.
std::vector<std::string> differing(const Mutation& stored, const Model& model, std::vector<std::string> fields) {
  for (const std::string& guessed : guesses(model, stored.payload)) std::erase(fields, guessed);
  const std::string written = stored.before ? selected(stored.payload, *stored.before) : stored.payload;
  std::ranges::move(guesses(model, written), std::back_inserter(fields));
  return fields;
}

/// Whether all that the writer is told to have lost was refused by a rule.
bool is_lost_to_rules(const Model& model, const Applied& applied, const std::vector<std::string>& refused) {
  const auto is_told_of = [&](const std::string& field) { return tells_loss(model, field); };
  const bool tells_refused = !applied.unstored.empty() || std::ranges::any_of(refused, is_told_of);
  return applied.lost.empty() || (tells_refused && std::ranges::none_of(applied.lost, is_told_of));
}

/// `outcome` of what was stored under other names or with other values than `sent`, as its writer is to know it.
Outcome finished(Outcome outcome, const Mutation& sent, const Mutation& stored, const Record& record,
                 const Model& model, std::string_view claims) {
  if (auto* conflict = std::get_if<Conflict>(&outcome)) {
    if (!record.deleted && sent.operation != Operation::remove) {
      conflict->fields = told(model, differing(stored, model, std::move(conflict->fields)));
    }
    return outcome;
  }
  auto* applied = std::get_if<Applied>(&outcome);
  if (applied == nullptr) return outcome;
  auto refused = refused_fields(sent, applied->after, model);
  applied->unstored = unstored_changes(model, sent);
  applied->lost_to_rules = is_lost_to_rules(model, *applied, refused);
  std::ranges::move(refused, std::back_inserter(applied->lost));
  if (applied->after.deleted) return outcome;
  const bool changed = applied->after.rev != record.rev;
  if (model.validate && changed) {
    const std::string messages = model.validate->messages(applied->after.payload);
    if (!messages.empty()) return rejected(reason::k_validation_failed, messages_data(model, messages));
  }
  // Whoever is told something else than what it sent, or that the record is gone from its view, has to be told.
  const bool told_otherwise = !same_fields(stored.payload, sent.payload) || model.timestamps ||
                              !is_visible(model, applied->after.payload, claims) ||
                              !guesses(model, stored.payload).empty();
  if (told_otherwise) {
    applied->merged = true;
    if (changed) applied->after.as_sent = false;
  }
  return outcome;
}

}  // namespace

std::optional<Question> map_question(const Mutation& sent, const Model& model, std::string_view claims) {
  if (!is_asked_to_map(model, sent) || is_read_only(model, claims)) return std::nullopt;
  const auto stored = inbound(model, sent, {}, claims);
  const auto* mutation = std::get_if<Mutation>(&stored);
  if (mutation == nullptr) return std::nullopt;
  return question_about(*mutation, claims);
}

Outcome decide(const Mutation& sent, const Record& record, const Writer& writer, const Model& model,
               const Verdicts& verdicts) {
  if (is_read_only(model, writer.claims)) return rejected(reason::k_forbidden);
  if (auto hidden = out_of_sight(sent, record, writer, model)) return std::move(*hidden);
  auto ready = admitted(sent, record, writer, model, verdicts.map);
  if (auto* undecided = std::get_if<Undecided>(&ready)) return std::move(*undecided);
  if (auto* refused = std::get_if<Rejected>(&ready)) return std::move(*refused);
  const Mutation stored = with_untold(std::move(std::get<Mutation>(ready)), record, model);
  return finished(resolve(stored, record, writer, model, verdicts.resolve), sent, stored, record, model, writer.claims);
}

}  // namespace tether::rules
