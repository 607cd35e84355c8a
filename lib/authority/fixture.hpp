// SPDX-License-Identifier: MIT
// Verbs for this room's tests: a server with a store and a clock of its own, and replies as lines of text.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "authority/authority.hpp"
#include "authority/losses.hpp"
#include "authority/mutations_fixture.hpp"
#include "authority/store.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "protocol/codec.hpp"
#include "testing/server_store.hpp"

namespace tether::authority::fixture {

/// One line per answer: applied with revs, merged, rejected, conflicts.
inline std::vector<std::string> lines(const protocol::PushReply& reply) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < reply.applied.size(); ++i) {
    CHECK(reply.revs.at(i).first == reply.applied[i]);
    out.push_back(number_of(reply.applied[i]) + " applied rev " + std::to_string(reply.revs[i].second.value));
  }
  for (const auto& merged : reply.merged) out.push_back(number_of(merged) + " merged");
  for (const auto& rejection : reply.rejected) {
    out.push_back(number_of(rejection.mutation_id) + " " + rejection.reason + " " + rejection.data);
  }
  for (const auto& conflict : reply.conflicts) {
    std::string line = number_of(conflict.mutation_id) + " conflict " + conflict.server_state;
    for (const auto& field : conflict.fields) line += " " + field;
    out.push_back(line + (conflict.deleted ? " deleted" : "") + " rev " + std::to_string(conflict.server_rev->value));
  }
  return out;
}

/// `T1 {"a":1} rev 2 by ann`, with `deleted` in place of the payload of a tombstone.
inline std::vector<std::string> lines(const protocol::PullReply& reply) {
  std::vector<std::string> out;
  for (const auto& row : reply.snapshots) {
    out.push_back(row.key.id.value + " " + (row.deleted ? "deleted" : row.payload) + " rev " +
                  std::to_string(row.rev->value) + " by " + (row.updated_by ? row.updated_by->value : "nobody"));
  }
  return out;
}

class Server {
 public:
  explicit Server(Options options = {}, Judge* judge = nullptr) : authority(clock, random, options, judge) {
    migrate(*database);
  }
  /// From now on there is this one model.
  void use(const std::string& name, rules::Model model) {
    std::map<std::string, rules::Model, std::less<>> models;
    models.emplace(name, std::move(model));
    authority.use(std::make_shared<const rules::Models>(std::move(models)));
  }

  protocol::PushReply push(const std::string& client, std::vector<protocol::Mutation> mutations,
                           std::optional<std::int64_t> sent_at_ms = {}) {
    return authority.push(*database, scope, {ClientId{client}, std::move(mutations), sent_at_ms});
  }
  /// The same for a client of whom `claims` are known.
  protocol::PushReply push_as(std::string_view claims, const std::string& client,
                              std::vector<protocol::Mutation> mutations) {
    const protocol::PushRequest request{ClientId{client}, std::move(mutations), {}, {}};
    Submission submission(request, clock.now(), claims);
    authority.foresee_questions(submission);
    Submission* const alone = &submission;
    do authority.ask(submission);
    while (!authority.push(*database, scope, {&alone, 1}));
    return submission.reply;
  }
  protocol::PushReply preview(const std::string& client, std::vector<protocol::Mutation> mutations) {
    const protocol::PushRequest request{ClientId{client}, std::move(mutations), {}, {}};
    Submission submission(request, clock.now());
    while (!authority.preview(*database, scope, submission)) authority.ask(submission);
    return submission.reply;
  }
  protocol::PullReply pull(const protocol::PullRequest& request = {}, std::string_view claims = "{}") {
    const auto page = authority.pull(*database, scope, request, claims);
    auto reply = protocol::decode_pull_reply(page.text);
    CHECK(page.rows == static_cast<std::int64_t>(reply.snapshots.size()));
    return reply;
  }
  /// `1 conflict by ann {"a":1}`, or of what an edit took the place of `2 overwritten ["a"] of ann by ben {"a":1}`, or
  /// `deleted by` in place of `of`.
  std::vector<std::string> lost() {
    std::vector<std::string> out;
    sql::in_transaction(*database, sql::Access::read, [&](sql::Transaction& transaction) {
      losses(transaction, {scope, {}, {}}, [&](const Loss& loss) {
        const bool overwritten = loss.why == "overwritten";
        out.push_back(number_of(loss.mutation_id) + " " + loss.why +
                      (overwritten ? " " + loss.detail + (loss.deleted ? " deleted by " : " of ") : " by ") +
                      loss.written_by.value + (overwritten ? " by " + loss.won_by.value : "") + " " + loss.payload);
      });
    });
    return out;
  }
  std::unique_ptr<sql::Database> connect() { return store.open(); }
  /// The text of the first column of every row that `query` finds, NULL as `-`.
  std::vector<std::string> column(std::string_view query) {
    std::vector<std::string> out;
    database->execute(query, {}, [&](const sql::Row& row) {
      out.emplace_back(row.is_null(0) ? std::string_view("-") : row.text(0));
    });
    return out;
  }

  testing::ServerStore store;
  SteppingClock clock{from_ms(k_start_ms)};
  SeededRandom random{1};
  Authority authority;
  std::unique_ptr<sql::Database> database = connect();
  Scope scope{"school"};
};

}  // namespace tether::authority::fixture
