// SPDX-License-Identifier: MIT
#include "replica/preview.hpp"

#include <utility>

#include "protocol/codec.hpp"
#include "replica/ending.hpp"
#include "replica/outbound_mapping.hpp"
#include "replica/outbox.hpp"

namespace tether::replica {
namespace {

using Kind = Foreseen::Kind;

constexpr sql::Statement k_count_unsent{
    "SELECT count(*) FROM tether_mutation_logs WHERE sync_status <> 'synced' AND sync_status IN ('pending', "
    "'syncing')"};

// What a request holds beside the texts of its mutations.
constexpr std::size_t k_request_overhead = 64 * 1024;

/// What is asked, and what the file knows of the server.
struct Question {
  Batch batch;
  std::string epoch;
  std::int64_t pending = 0;
  OutboundMappings mappings;
};

Question read_question(File& file, const BatchLimits& limits) {
  return sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    Question question{.mappings = OutboundMappings(transaction)};
    question.epoch = state(transaction, "epoch").value_or("");
    transaction.run(k_count_unsent, {}, [&](const sql::Row& row) { question.pending = row.integer(0); });
    question.batch = read_batch(transaction, 0, limits);
    question.pending -= question.batch.staying;
    question.batch.request.client_id = file.client_id();
    question.batch.request.epoch = question.epoch;
    return question;
  });
}

[[noreturn]] void throw_too_large(const Batch& batch, const Error& refusal) {
  if (batch.empty()) throw Error(refusal);
  const protocol::Mutation& mutation = batch.request.mutations.front();
  throw Error(ErrorCode::too_large,
              "mutation " + mutation.mutation_id.value + " of " + mutation.model.value + " " +
                  mutation.entity_id.value +
                  ", the first of what is pending, is refused for its size even alone: " + refusal.what(),
              "Nothing was changed. Raise the limit of the server, or of the proxy before it, and ask again.");
}

Foreseen foreseen(const protocol::Mutation& mutation, const Outcome& outcome, const rules::FieldMapping* mapping) {
  Foreseen seen{.mutation_id = mutation.mutation_id,
                .key = {mutation.model, mutation.entity_id},
                .operation = mutation.operation};
  if (outcome.kind == Outcome::Kind::merged) seen.kind = Kind::merged;
  if (outcome.loss != nullptr) {
    const protocol::LossReport loss = named_here(*outcome.loss, mapping);
    seen.kind = Kind::merged;
    seen.lost = protocol::encode_loss_data(loss);
    seen.fields = loss.fields;
  }
  if (outcome.kind == Outcome::Kind::rejected) {
    seen.kind = outcome.rejection->reason == protocol::reason::k_error ? Kind::undecided : Kind::rejected;
    seen.reason = outcome.rejection->reason;
    seen.data = named_here(*outcome.rejection, mapping).data;
  }
  if (outcome.kind == Outcome::Kind::conflict) {
    seen.kind = Kind::conflict;
    const protocol::ConflictReport report = named_here(*outcome.report, mapping);
    seen.data = protocol::encode_conflict_data(report);
    seen.fields = report.fields;
    seen.theirs_deleted = report.deleted;
  }
  return seen;
}

void read_answer(const std::string& body, const Question& question, PreviewReport& report) {
  const protocol::PushReply reply = protocol::decode_push_reply(body);
  if (!reply.preview) {
    throw Error(ErrorCode::unexpected_reply, "the server answered a preview as if it were a push",
                "Nothing was changed in this file. Is this address really a Tether server?");
  }
  report.server_restored = !question.epoch.empty() && !reply.epoch.empty() && reply.epoch != question.epoch;
  if (report.server_restored) return;
  const std::vector<Outcome> outcomes = matched(question.batch, reply);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const protocol::Mutation& mutation = question.batch.request.mutations[i];
    report.asked.push_back(foreseen(mutation, outcomes[i], question.mappings.in_force(mutation.model.value)));
  }
}

void take_in(const Answer& answer, const Question& question, PreviewReport& report) {
  if (const auto* reply = std::get_if<Reply>(&answer)) return read_answer(reply->body, question, report);
  const Ending why = ending(answer);
  report.end = why.end;
  report.reason = why.reason;
}

/// The text of a request, which takes the place of its payloads: both would be twice as much to hold.
std::string take_text(File& file, Batch& batch) {
  batch.request.sent_at_ms = to_ms(file.clock().now());
  std::string text = protocol::encode(batch.request);
  for (protocol::Mutation& mutation : batch.request.mutations) {
    mutation.payload = std::string();
    mutation.before.reset();
  }
  batch.recorded.clear();
  return text;
}

/// Asks about what is pending, as much as `limits` allow. Further attempts read it anew. False: it was refused for its
/// size, and less may pass.
bool ask(File& file, Exchange& exchange, const BatchLimits& limits, Question& question, PreviewReport& report) {
  bool is_read = true;
  const auto body = [&] {
    if (!std::exchange(is_read, false)) question = read_question(file, limits);
    return take_text(file, question.batch);
  };
  try {
    take_in(exchange.ask(Call::preview, body), question, report);
    return true;
  } catch (const ReplyTooLong&) {
    if (question.batch.places.size() <= 1) throw;
  } catch (const Error& refusal) {
    if (refusal.code() != ErrorCode::too_large) throw;
    if (question.batch.places.size() <= 1) throw_too_large(question.batch, refusal);
  }
  return false;
}

}  // namespace

std::string_view name(Foreseen::Kind kind) {
  switch (kind) {
    case Kind::applied:
      return "applied";
    case Kind::merged:
      return "merged";
    case Kind::conflict:
      return "conflict";
    case Kind::rejected:
      return "rejected";
    case Kind::undecided:
      return "undecided";
  }
  throw Error(ErrorCode::internal, "unknown kind of outcome");
}

PreviewReport preview(File& file, Exchange& exchange, const PreviewOptions& options) {
  BatchLimits limits;
  limits.count = options.mutations_max;
  limits.bytes = protocol::Limits().body_bytes_max - k_request_overhead;
  PreviewReport report;
  bool answered = false;
  while (!answered) {
    Question asked = read_question(file, limits);
    report.pending = asked.pending;
    if (asked.batch.empty()) return report;
    answered = ask(file, exchange, limits, asked, report);
    report.pending = asked.pending;        // it may have been read anew
    limits.bytes = asked.batch.bytes / 2;  // above half of what was refused, if it was
  }
  return report;
}

}  // namespace tether::replica
