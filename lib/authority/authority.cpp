// SPDX-License-Identifier: MIT
#include "authority/authority.hpp"

#include <algorithm>
#include <iterator>

#include "authority/apply.hpp"
#include "authority/judge.hpp"
#include "authority/ledger.hpp"
#include "base/error.hpp"
#include "base/ulid.hpp"
#include "rules/decide.hpp"

namespace tether::authority {
namespace {

// After the first attempt, which takes the batch for new work, a guard fails only when another batch of the same scope
// touched the same ids or records in the same moment.
constexpr int k_attempts_max = 6;
// Edits of one record that conflict one after the other are asked about one after the other; past this many the rest of
// them is put off.
constexpr int k_rounds_of_questions_max = 64;
constexpr std::chrono::seconds k_asking_time_max{20};  // since the request came: its client will not wait much longer

// Between two steps of forgetting. Nobody waits in line for a SQLite store: who wants to write asks again and again, at
// first every 25 ms or less. So long it has to be free to be found free.
constexpr std::chrono::milliseconds k_pause{25};

template <typename Item>
void append(std::vector<Item>& all, std::vector<Item> more) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

std::size_t bytes_told(const protocol::PushReply& reply) {
  std::size_t bytes = 0;
  for (const auto& conflict : reply.conflicts) bytes += conflict.server_state.size();
  for (const auto& loss : reply.lost) bytes += loss.sent.size() + loss.stands.size();
  return bytes;
}

/// `all` gains the answer to the part of its request that was applied right behind.
void join(protocol::PushReply& all, protocol::PushReply part) {
  if (bytes_told(all) + bytes_told(part) > k_held_bytes_max) throw_answer_too_long();
  append(all.applied, std::move(part.applied));
  append(all.rejected, std::move(part.rejected));
  append(all.conflicts, std::move(part.conflicts));
  append(all.revs, std::move(part.revs));
  append(all.merged, std::move(part.merged));
  append(all.lost, std::move(part.lost));
  all.server_time_us = part.server_time_us;
  all.epoch = std::move(part.epoch);
  if (!part.cursor) return;
  // Where something lies between the parts, a client that stood before the first one has missed that.
  if (all.cursor != part.cursor_before) all.cursor_before = part.cursor_before;
  all.cursor = part.cursor;
}

/// Nothing to decide and nothing to remember: they are told the same each time.
void refuse_malformed(Submission& submission) {
  append(submission.reply.rejected, submission.request.malformed);
}

}  // namespace

Submission::Submission(const protocol::PushRequest& from, Instant at, std::string_view of_the_client)
    : request(from), received(at), claims(of_the_client), verdicts(std::make_shared<VerdictBook>()) {
  hashes.reserve(request.mutations.size());
  for (const auto& mutation : request.mutations) hashes.push_back(hash_of(mutation));
}

Authority::Authority(Clock& clock, Random& random, Options options, Judge* judge)
    : clock_(clock),
      random_(random),
      options_(options),
      judge_(judge),
      models_(std::make_shared<const rules::Models>()) {}

void Authority::use(std::shared_ptr<const rules::Models> models) {
  const std::lock_guard lock(models_mutex_);
  models_ = std::move(models);
}

std::shared_ptr<const rules::Models> Authority::models() {
  const std::lock_guard lock(models_mutex_);
  return models_;
}

std::string Authority::new_epoch() {
  const std::lock_guard lock(random_mutex_);
  return UlidSource(clock_, random_).next().text();
}

protocol::PushReply Authority::push(sql::Database& database, const Scope& scope, const protocol::PushRequest& request) {
  Submission submission(request, clock_.now());
  Submission* const alone = &submission;
  while (!push(database, scope, {&alone, 1})) ask(submission);
  return std::move(submission.reply);
}

bool Authority::push(sql::Database& database, const Scope& scope, std::span<Submission* const> together) {
  const auto in_force = models();
  // Who was asked about a batch had looked up what it is about.
  bool looked_up = std::ranges::any_of(together, [](const Submission* one) { return one->verdicts->rounds() > 0; });
  for (int overtaken = 0; overtaken < k_attempts_max;) {
    for (Submission* submission : together) submission->reply = {};
    const auto transaction = database.begin(sql::Access::write);
    Ledger ledger(*transaction, scope);
    const Instant now = clock_.now();
    const Terms terms{.options = options_,
                      .models = *in_force,
                      .now_us = to_us(now),
                      .assume = looked_up ? Assume::nothing : Assume::new_work,
                      .may_ask = may_ask(together, now)};
    const Attempted ended = apply(ledger, together, terms);
    if (ended == Attempted::decided) {
      for (Submission* submission : together) refuse_malformed(*submission);
      transaction->commit();
      return true;
    }
    if (ended == Attempted::asks && looked_up) return false;
    if (ended == Attempted::overtaken) ++overtaken;
    looked_up = true;
  }
  throw Error(ErrorCode::busy, "others kept changing the same records", "Send it again.");
}

bool Authority::may_ask(std::span<Submission* const> together, Instant now) const {
  return judge_ != nullptr && std::ranges::all_of(together, [&](const Submission* submission) {
           return submission->verdicts->rounds() < k_rounds_of_questions_max &&
                  now - submission->received < k_asking_time_max;
         });
}

void Authority::ask(Submission& submission) {
  if (submission.verdicts->has_open_questions()) submission.verdicts->ask(*judge_, options_.limits);
}

void Authority::foresee_questions(Submission& submission) {
  const auto in_force = models();
  if (judge_ == nullptr || in_force->any()) return;
  for (const protocol::Mutation& mutation : submission.request.mutations) {
    const rules::Model* model = in_force->find(mutation.model.value);
    if (model == nullptr || mutation.payload.size() > options_.limits.payload_bytes_max) continue;
    auto question = rules::map_question(mutation, *model, submission.claims);
    if (question) submission.verdicts->open(mutation.mutation_id, *model->mapper, std::move(*question));
  }
}

bool Authority::preview(sql::Database& database, const Scope& scope, Submission& submission) {
  const auto in_force = models();
  Submission* const alone = &submission;
  submission.reply = {};
  const auto transaction = database.begin(sql::Access::read);
  Ledger ledger(*transaction, scope);
  const Instant now = clock_.now();
  const Terms terms{
      .options = options_, .models = *in_force, .now_us = to_us(now), .may_ask = may_ask({&alone, 1}, now)};
  const Attempted ended = Attempt(ledger, {&alone, 1}, terms).preview();
  transaction->commit();
  if (ended == Attempted::too_much) throw_answer_too_long();
  if (ended == Attempted::asks) return false;
  refuse_malformed(submission);
  return true;
}

/// What is too large to be held in memory together is applied in parts, one after the other.
Attempted Authority::apply(Ledger& ledger, std::span<Submission* const> together, const Terms& terms) {
  const auto ended = Attempt(ledger, together, terms).run([this] { return new_epoch(); });
  if (ended != Attempted::too_much) return ended;
  if (together.size() == 1) return apply_halves(ledger, *together.front(), terms);
  for (Submission* const& submission : together) {
    const auto part = apply(ledger, {&submission, 1}, terms);
    if (part != Attempted::decided) return part;
  }
  return Attempted::decided;
}

Attempted Authority::apply_halves(Ledger& ledger, Submission& whole, const Terms& terms) {
  const std::span<const protocol::Mutation> mutations = whole.request.mutations;
  const std::size_t middle = mutations.size() / 2;
  for (const auto half : {mutations.first(middle), mutations.subspan(middle)}) {
    const protocol::PushRequest request{
        whole.request.client_id, {half.begin(), half.end()}, whole.request.sent_at_ms, whole.request.epoch};
    Submission part(request, whole.received, whole.claims);
    part.verdicts = whole.verdicts;
    Submission* const alone = &part;
    const auto ended = apply(ledger, {&alone, 1}, terms);
    if (ended != Attempted::decided) return ended;
    join(whole.reply, std::move(part.reply));
  }
  return Attempted::decided;
}

Authority::Compacted Authority::compact(sql::Database& database, std::chrono::milliseconds keep) {
  const Instant now = clock_.now();
  const std::int64_t before_us = to_us(now) - std::min<std::int64_t>(keep.count(), to_ms(now)) * 1000;
  const auto all = sql::in_transaction(database, sql::Access::read,
                                       [](sql::Transaction& transaction) { return scopes(transaction); });
  Compacted compacted;
  for (const Scope& scope : all) {
    const Compacted forgotten = forget(database, scope, before_us);
    compacted.tombstones += forgotten.tombstones;
    compacted.mutations += forgotten.mutations;
  }
  return compacted;
}

/// The horizons move once, ahead: a push that they overtake decides again, and would hardly come to an end if they
/// moved with every step.
Authority::Compacted Authority::forget(sql::Database& database, const Scope& scope, std::int64_t before_us) {
  Ledger::Forgetting forgetting = sql::in_transaction(database, sql::Access::read, [&](sql::Transaction& transaction) {
    return Ledger(transaction, scope).forgettable(before_us);
  });
  if (!forgetting.anything()) return {};
  sql::in_transaction(database, sql::Access::write, [&](sql::Transaction& transaction) {
    Ledger(transaction, scope).move_horizons(forgetting.horizons);
  });
  const auto step = [&](sql::Transaction& transaction) { return Ledger(transaction, scope).forget_some(forgetting); };
  while (sql::in_transaction(database, sql::Access::write, step)) clock_.sleep_for(k_pause);
  return {.tombstones = forgetting.tombstones, .mutations = forgetting.mutations};
}

}  // namespace tether::authority
