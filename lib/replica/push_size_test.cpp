// SPDX-License-Identifier: MIT
// Servers, and proxies before them, that take less in one request than a batch would hold.
#include "replica/peer_fixture.hpp"
#include "replica/push.hpp"
#include "replica/status.hpp"

namespace tether::replica {
namespace {

using protocol::PushRequest;

/// Answers 413 to every request whose body is longer than `bytes`, and applies all others.
struct NarrowDesk : Desk {
  explicit NarrowDesk(std::size_t bytes) {
    server.on_push = [this, bytes](const PushRequest& request) -> Answer {
      if (protocol::encode(request).size() > bytes) {
        ++refusals;
        throw Error(ErrorCode::too_large, "the proxy answered 413");
      }
      return Reply{protocol::encode(all_applied(request))};
    };
  }
  int refusals = 0;
};

std::string text_of(std::size_t length) {
  return R"({"text":")" + std::string(length, 'x') + R"("})";
}

TEST_CASE("a batch that is refused for its size is halved until it passes, and later ones begin smaller") {
  NarrowDesk desk(20'000);
  for (int i = 0; i < 200; ++i) create(desk.file, "entity" + std::to_string(i), text_of(500));
  const PushReport report = desk.push();
  CHECK(report.end == End::done);
  CHECK(report.pushed == 200);
  CHECK_FALSE(report.too_large);
  CHECK(desk.refusals == 3);
  CHECK(desk.server.pushes.size() < 25);
  CHECK(desk.differences().empty());
}

TEST_CASE("a mutation that is too large even alone waits, and with it only what else its record has pending") {
  NarrowDesk desk(2'000);
  create(desk.file, "before", R"({"n":1})");
  const MutationId large = create(desk.file, "large", text_of(5'000))->mutation_id;
  create(desk.file, "behind", R"({"n":2})");
  update(desk.file, "large", R"({"text":"short"})");
  create(desk.file, "last", R"({"n":3})");
  const PushReport report = desk.push();
  CHECK(report.end == End::done);
  CHECK(report.pushed == 3);
  REQUIRE(report.too_large);
  CHECK(report.too_large->mutation.mutation_id == large);
  CHECK(report.too_large->records == 1);
  CHECK(report.too_large->bytes > 5'000);
  CHECK(report.too_large->reason == "the proxy answered 413");
  CHECK(desk.statuses() == "synced\npending\nsynced\npending\nsynced");
  CHECK(status(desk.file).oldest_unsent->reason == "put off by the server: too_large");
  CHECK(desk.differences().empty());
  desk.push_all_applied();
  CHECK(desk.statuses() == "synced\nsynced\nsynced\nsynced\nsynced");
}

TEST_CASE("a server that refuses even an empty hand ends the push, with nothing lost") {
  NarrowDesk desk(0);
  for (int i = 0; i < 120; ++i) create(desk.file, "entity" + std::to_string(i), "{}");
  const PushReport report = desk.push();
  CHECK(report.pushed == 0);
  REQUIRE(report.too_large);
  CHECK(report.too_large->records == 120);
  CHECK(rows(desk.file.database(), "SELECT count(*) FROM tether_mutation_logs WHERE sync_status = 'pending'") == "120");
}

TEST_CASE("too many mutations in one request are halved like too many bytes") {
  Desk desk;
  for (int i = 0; i < 9; ++i) create(desk.file, "entity" + std::to_string(i), "{}");
  desk.server.on_push = [](const PushRequest& request) -> Answer {
    if (request.mutations.size() > 2) throw Error(ErrorCode::too_large, "at most 2 mutations");
    return Reply{protocol::encode(all_applied(request))};
  };
  CHECK(desk.push().pushed == 9);
}

TEST_CASE("a batch whose answer is longer than is taken in is halved until it is not") {
  Desk desk;
  for (int i = 0; i < 100; ++i) create(desk.file, "entity" + std::to_string(i), "{}");
  desk.server.on_push = [](const PushRequest& request) -> Answer {
    if (request.mutations.size() > 30) throw ReplyTooLong("the answer is longer than 64 MiB");
    return Reply{protocol::encode(all_applied(request))};
  };
  const PushReport report = desk.push();
  CHECK(report.end == End::done);
  CHECK(report.pushed == 100);
  CHECK_FALSE(report.too_large);
}

TEST_CASE("a server without an end to its answers is given up, and nothing is lost") {
  Desk desk;
  for (int i = 0; i < 100; ++i) create(desk.file, "entity" + std::to_string(i), "{}");
  desk.server.on_push = [](const PushRequest&) -> Answer { throw ReplyTooLong("the answer is longer than 64 MiB"); };
  CHECK(fault_of([&] { desk.push(); }) == ErrorCode::unexpected_reply);
  CHECK(desk.server.pushes.size() < 10);
  CHECK(rows(desk.file.database(), "SELECT count(*) FROM tether_mutation_logs WHERE sync_status = 'pending'") == "100");
}

}  // namespace
}  // namespace tether::replica
