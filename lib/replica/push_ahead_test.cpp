// SPDX-License-Identifier: MIT
// Batches that go ahead of the answer to the one before them. In one thread chance decides which of two arrives first,
// so each story is told with many seeds.
#include <set>

#include "replica/peer_fixture.hpp"
#include "replica/push.hpp"

namespace tether::replica {
namespace {

using protocol::PushReply;
using protocol::PushRequest;

constexpr std::uint64_t k_seeds = 40;

std::string entities(const PushRequest& request) {
  std::string ids;
  for (const protocol::Mutation& mutation : request.mutations) ids += mutation.entity_id.value;
  return ids;
}

/// Has a server whose epoch is known, so that batches go ahead from the first on.
struct AheadDesk : Desk {
  explicit AheadDesk(std::uint64_t seed) {
    sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
      set_state(transaction, "epoch", "one", clock.now());
      set_state(transaction, "last_sync_cursor", "0", clock.now());
    });
    chance = SeededRandom(seed);
    server.on_push = [this](const PushRequest& request) -> Answer { return Reply{protocol::encode(applied(request))}; };
  }

  /// Takes cursor values in the order of arrival.
  PushReply applied(const PushRequest& request) {
    PushReply reply = all_applied(request);
    reply.epoch = "one";
    reply.cursor_before = Cursor{cursor};
    cursor += static_cast<std::int64_t>(request.mutations.size());
    reply.cursor = Cursor{cursor};
    return reply;
  }

  void create_all(std::string_view ids) {
    for (const char id : ids) create(file, std::string(1, id), "{}");
  }

  PushReport push(std::int64_t batch, std::chrono::milliseconds patience = {}) {
    Exchange exchange(testing::every_way_is(server), clock, chance, {.deadline = patience, .backoff = {}}, {});
    return replica::push(file, exchange, {.batch = batch});
  }
  PushReport push_in_pairs(std::chrono::milliseconds patience = {}) { return push(2, patience); }

  /// The entities of each request, in the order of arrival.
  std::string arrivals() const {
    std::string all;
    for (const PushRequest& request : server.pushes) all += entities(request) + " ";
    return all;
  }

  std::string pending() {
    return rows(file.database(),
                "SELECT group_concat(entity_id, '') FROM tether_mutation_logs WHERE sync_status = "
                "'pending' ORDER BY id");
  }

  SeededRandom chance{1};
  std::int64_t cursor = 0;
};

/// The orders in which requests arrived, over all seeds, of what `tell` does at a desk.
template <typename Tell>
std::set<std::string> orders(Tell&& tell) {
  std::set<std::string> all;
  for (std::uint64_t seed = 0; seed < k_seeds; ++seed) {
    CAPTURE(seed);
    AheadDesk desk(seed);
    tell(desk);
    CHECK(desk.differences().empty());
    all.insert(desk.arrivals());
  }
  return all;
}

using Orders = std::set<std::string>;

TEST_CASE("a batch goes ahead of the answer to the one before it, never of two") {
  const Orders found = orders([](AheadDesk& desk) {
    desk.create_all("abcdef");
    CHECK(desk.push_in_pairs().pushed == 6);
    CHECK(desk.pending() == "NULL");
  });
  CHECK(found == Orders{"ab cd ef ", "cd ab ef ", "ab ef cd "});
}

TEST_CASE("nothing goes ahead of a mutation of the same record") {
  const Orders found = orders([](AheadDesk& desk) {
    desk.create_all("abcd");
    update(desk.file, "c", R"({"n":1})");
    desk.create_all("e");
    CHECK(desk.push_in_pairs().pushed == 6);
  });
  CHECK(found == Orders{"ab cd ce ", "cd ab ce "});
}

TEST_CASE("nothing goes ahead while the server's epoch is not known") {
  const Orders found = orders([](AheadDesk& desk) {
    sql::in_transaction(desk.file.database(), sql::Access::write,
                        [&](sql::Transaction& transaction) { clear_state(transaction, "epoch"); });
    desk.create_all("abcd");
    CHECK(desk.push_in_pairs().pushed == 4);
  });
  CHECK(found == Orders{"ab cd "});
}

TEST_CASE("together they are never longer than one batch may be") {
  const Orders found = orders([](AheadDesk& desk) {
    for (const char* id : {"a", "b", "c", "d", "e", "f"}) {
      create(desk.file, id, R"({"text":")" + std::string(1'000'000, 'x') + R"("})");
    }
    CHECK(desk.push(/*batch=*/3).pushed == 6);
  });
  CHECK(found == Orders{"abc def "});
}

TEST_CASE("whichever is applied first, a file that wrote alone needs to pull nothing") {
  orders([](AheadDesk& desk) {
    desk.create_all("abcdefgh");
    desk.push_in_pairs();
    CHECK(desk.remembered("last_sync_cursor") == "8");
  });
}

TEST_CASE("the cursor stays before what someone else wrote between two of them") {
  orders([](AheadDesk& desk) {
    desk.create_all("abcdefgh");
    desk.server.on_push = [&](const PushRequest& request) -> Answer {
      if (desk.server.pushes.size() == 3) ++desk.cursor;  // theirs
      return Reply{protocol::encode(desk.applied(request))};
    };
    desk.push_in_pairs();
    CHECK(desk.remembered("last_sync_cursor") == "4");
  });
}

TEST_CASE("the cursor stays before what was stored otherwise than it was sent") {
  orders([](AheadDesk& desk) {
    desk.create_all("abcd");
    std::int64_t before_merged = 0;
    desk.server.on_push = [&](const PushRequest& request) -> Answer {
      PushReply reply = desk.applied(request);
      if (entities(request) == "ab") {
        reply.merged = {request.mutations[0].mutation_id};
        before_merged = reply.cursor_before->value;
      }
      return Reply{protocol::encode(reply)};
    };
    desk.push_in_pairs();
    CHECK(desk.remembered("last_sync_cursor") == std::to_string(before_merged));
  });
}

TEST_CASE("what was answered behind a batch that was not is asked for again, and answered the same") {
  orders([](AheadDesk& desk) {
    desk.create_all("abcd");
    desk.server.on_push = [&](const PushRequest& request) -> Answer {
      if (entities(request) == "ab") return Unreachable{.reason = "no answer", .retry_after = {}};
      return Reply{protocol::encode(desk.applied(request))};
    };
    const PushReport report = desk.push_in_pairs();
    CHECK(report.end == End::unreachable);
    CHECK(report.reason == "no answer");
    CHECK(report.pushed == 0);
    CHECK(desk.pending() == "abcd");
    desk.push_all_applied();
    CHECK(desk.pending() == "NULL");
  });
}

TEST_CASE("what was answered before a batch that was not is filed") {
  orders([](AheadDesk& desk) {
    desk.create_all("abcd");
    desk.server.on_push = [&](const PushRequest& request) -> Answer {
      if (entities(request) == "cd") return Forbidden{"the token was revoked"};
      return Reply{protocol::encode(desk.applied(request))};
    };
    const PushReport report = desk.push_in_pairs();
    CHECK(report.end == End::forbidden);
    CHECK(report.pushed == 2);
    CHECK(desk.pending() == "cd");
  });
}

TEST_CASE("a batch that had to be repeated is overtaken by one, and then nothing goes ahead any more") {
  const Orders found = orders([](AheadDesk& desk) {
    desk.create_all("abcdefgh");
    bool busy = true;
    desk.server.on_push = [&, busy](const PushRequest& request) mutable -> Answer {
      if (entities(request) == "ab" && std::exchange(busy, false))
        return Unreachable{.reason = "busy", .retry_after = {}};
      return Reply{protocol::encode(desk.applied(request))};
    };
    CHECK(desk.push_in_pairs(std::chrono::seconds(10)).pushed == 8);
    CHECK(desk.remembered("last_sync_cursor") == "8");
  });
  CHECK(found == Orders{"ab ab cd ef gh ", "ab cd ab ef gh ", "cd ab ab ef gh "});
}

TEST_CASE(
    "after a batch was refused for its size nothing goes ahead, and what had done so is sent again in its place") {
  const Orders found = orders([](AheadDesk& desk) {
    desk.create_all("abcdef");
    desk.server.on_push = [&](const PushRequest& request) -> Answer {
      if (entities(request) == "ab") throw Error(ErrorCode::too_large, "at most 1 mutation of these");
      return Reply{protocol::encode(desk.applied(request))};
    };
    CHECK(desk.push_in_pairs().pushed == 6);
    CHECK(desk.pending() == "NULL");
  });
  CHECK(found == Orders{"ab a b c d e f ", "ab cd a b c d e f ", "cd ab a b c d e f "});
}

TEST_CASE("a server that turns out to be restored while two are on the wire is sent everything anew") {
  orders([](AheadDesk& desk) {
    desk.create_all("abcd");
    const std::size_t restored_at = desk.chance.below(2);
    desk.server.on_push = [&](const PushRequest& request) -> Answer {
      const bool is_restored = desk.server.pushes.size() > restored_at;
      if (!is_restored) return Reply{protocol::encode(desk.applied(request))};
      PushReply reply = request.epoch == "two" ? all_applied(request) : PushReply();
      reply.epoch = "two";
      return Reply{protocol::encode(reply)};
    };
    CHECK(desk.push_in_pairs().end == End::done);
    CHECK(desk.pending() == "NULL");
    std::string under_the_new;
    for (const PushRequest& request : desk.server.pushes)
      under_the_new += request.epoch == "two" ? entities(request) : "";
    CHECK(std::set<char>(under_the_new.begin(), under_the_new.end()).size() == 4);
  });
}

TEST_CASE("an answer that makes no sense keeps what was answered before it, also where the next had gone ahead") {
  orders([](AheadDesk& desk) {
    desk.create_all("abcdef");
    desk.server.on_push = [&](const PushRequest& request) -> Answer {
      if (entities(request) == "cd") return Reply{"<html>"};
      return Reply{protocol::encode(desk.applied(request))};
    };
    CHECK(fault_of([&] { desk.push_in_pairs(); }) == ErrorCode::unexpected_reply);
    CHECK(desk.pending() == "cdef");
    desk.push_all_applied();
    CHECK(desk.pending() == "NULL");
  });
}

}  // namespace
}  // namespace tether::replica
