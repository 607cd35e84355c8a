// SPDX-License-Identifier: MIT
// For the tests of the sessions: a server that says what a test tells it to say, and the verbs to talk to it.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/codec.hpp"
#include "replica/exchange.hpp"
#include "replica/file_fixture.hpp"
#include "replica/pull.hpp"
#include "replica/push.hpp"
#include "replica/replay.hpp"
#include "testing/fake_wire.hpp"

namespace tether::replica {

class ScriptedServer final : public Transport {
 public:
  std::function<Answer(const protocol::PushRequest&)> on_push = [](const protocol::PushRequest&) -> Answer {
    return Unreachable{.reason = "no script", .retry_after = {}};
  };
  std::function<Answer(const protocol::PullRequest&)> on_pull = [](const protocol::PullRequest&) -> Answer {
    return Unreachable{.reason = "no script", .retry_after = {}};
  };
  std::function<Answer(const protocol::PushRequest&)> on_preview = [](const protocol::PushRequest&) -> Answer {
    throw NoPreview("the scripted server");
  };
  std::vector<protocol::PushRequest> pushes;
  std::vector<protocol::PushRequest> previews;
  std::vector<protocol::PullRequest> pulls;

  Answer push(std::string_view body) override {
    pushes.push_back(protocol::decode_push_request(body, {}));
    return on_push(pushes.back());
  }
  Answer pull(std::string_view body) override {
    pulls.push_back(protocol::decode_pull_request(body, {}));
    return on_pull(pulls.back());
  }
  Answer preview(std::string_view body) override {
    previews.push_back(protocol::decode_push_request(body, {}));
    return on_preview(previews.back());
  }
  Answer info() override { return Reply{"{}"}; }
  void cancel() override {}

  void reply_to_push(std::function<protocol::PushReply(const protocol::PushRequest&)> reply) {
    on_push = [reply = std::move(reply)](const protocol::PushRequest& request) -> Answer {
      return Reply{protocol::encode(reply(request))};
    };
  }
  void reply_to_pull(std::function<protocol::PullReply(const protocol::PullRequest&)> reply) {
    on_pull = [reply = std::move(reply)](const protocol::PullRequest& request) -> Answer {
      return Reply{protocol::encode(reply(request))};
    };
  }
};

/// Applies whatever comes; every mutation brings its entity to the next of the revs from 1.
inline protocol::PushReply all_applied(const protocol::PushRequest& request) {
  protocol::PushReply reply;
  for (const protocol::Mutation& mutation : request.mutations) {
    reply.applied.push_back(mutation.mutation_id);
    reply.revs.emplace_back(mutation.mutation_id, Rev{mutation.version});
  }
  return reply;
}

/// The same, all of it stored otherwise than it was sent.
inline protocol::PushReply all_merged(const protocol::PushRequest& request) {
  protocol::PushReply reply = all_applied(request);
  reply.merged = reply.applied;
  return reply;
}

inline protocol::PushReply all_rejected(const protocol::PushRequest& request, std::string_view reason) {
  protocol::PushReply reply;
  for (const protocol::Mutation& mutation : request.mutations) {
    reply.rejected.push_back({mutation.mutation_id, std::string(reason), R"({"why":"so"})"});
  }
  return reply;
}

inline protocol::Snapshot snapshot(std::string_view id, std::string_view payload, std::int64_t rev) {
  protocol::Snapshot snapshot;
  snapshot.key = task(id);
  snapshot.payload = payload;
  snapshot.rev = Rev{rev};
  return snapshot;
}

inline protocol::Snapshot deletion(std::string_view id, std::int64_t rev) {
  protocol::Snapshot snapshot;
  snapshot.key = task(id);
  snapshot.deleted = true;
  snapshot.rev = Rev{rev};
  return snapshot;
}

inline protocol::PullReply page(std::vector<protocol::Snapshot> snapshots, std::int64_t cursor, bool has_more = false) {
  protocol::PullReply reply;
  reply.snapshots = std::move(snapshots);
  reply.new_cursor = Cursor{cursor};
  reply.has_more = has_more;
  return reply;
}

/// A laptop with a file and a scripted server.
struct Desk : Workbench {
  ScriptedServer server;
  File file = make();

  PushReport push(std::int64_t batch = k_push_batch_default) {
    Exchange exchange(testing::every_way_is(server), clock, random,
                      {.deadline = std::chrono::milliseconds(0), .backoff = {}}, {});
    return replica::push(file, exchange, {.batch = batch});
  }
  PullReport pull() {
    Exchange exchange(testing::every_way_is(server), clock, random,
                      {.deadline = std::chrono::milliseconds(0), .backoff = {}}, {});
    return replica::pull(file, exchange, {});
  }
  void push_all_applied() {
    server.reply_to_push(all_applied);
    REQUIRE(push().end == End::done);
  }
  /// One page, the last of its pull.
  PullReport pull_page(std::vector<protocol::Snapshot> snapshots, std::int64_t cursor) {
    server.reply_to_pull([&](const protocol::PullRequest&) { return page(snapshots, cursor); });
    return pull();
  }
  std::string statuses() { return rows(file.database(), "SELECT sync_status FROM tether_mutation_logs ORDER BY id"); }
  std::string remembered(const std::string& key) {
    return rows(file.database(), "SELECT value FROM tether_sync_state WHERE key = '" + key + "'");
  }
  /// What replay finds to differ; empty is well.
  std::string differences() {
    std::string found;
    sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
      replay_check(transaction, [&](const Difference& difference) {
        found += difference.key.id.value + ": " + difference.live + " should be " + difference.replayed + "\n";
      });
    });
    return found;
  }
};

}  // namespace tether::replica
