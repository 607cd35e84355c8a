// SPDX-License-Identifier: MIT
// What people do to a file while a batch is on the wire, and what its outcomes then change.
#include "replica/filing.hpp"

#include <string>

#include "replica/log.hpp"
#include "replica/peer_fixture.hpp"

namespace tether::replica {
namespace {

using protocol::PushReply;
using protocol::PushRequest;

/// A create that was rejected and, behind it, an update that waits; while that is on the wire, a person retries the
/// create, so that one new mutation takes the place of both.
struct SupersededOnTheWire : Desk {
  MutationId rejected = create(file, "a", R"({"n":1})")->mutation_id;

  PushReport push_and_answer(const std::function<PushReply(const PushRequest&)>& reply) {
    server.reply_to_push([](const PushRequest& request) { return all_rejected(request, "validation_failed"); });
    push();
    update(file, "a", R"({"n":2})");
    server.reply_to_push([&](const PushRequest& request) {
      File other = File::open(path, clock, random);
      retry_failed(other, {rejected});
      return reply(request);
    });
    return push();
  }
};

TEST_CASE("a conflict of what a retry superseded meanwhile is nobody's to resolve, and the retry shows over theirs") {
  SupersededOnTheWire desk;
  const PushReport report = desk.push_and_answer([](const PushRequest& request) {
    protocol::ConflictReport conflict{.mutation_id = request.mutations[0].mutation_id,
                                      .server_state = R"({"n":9,"by":"ben","tether_id":"a"})"};
    conflict.server_rev = Rev{5};
    PushReply reply;
    reply.conflicts.push_back(conflict);
    return reply;
  });
  CHECK(report.conflicts == 0);
  CHECK(rows(desk.file.database(), "SELECT count(*) FROM tether_conflicts") == "0");
  CHECK(desk.statuses() == "failed\nfailed\npending");
  CHECK(record_of(desk.file, "a") == R"({"n":2,"by":"ben"}|0|3|5|3|{"n":9,"by":"ben"}|0)");
  CHECK(desk.differences().empty());
}

TEST_CASE("a refusal of what a retry superseded meanwhile is not reported: nothing is left to do about it") {
  for (const char* reason : {"validation_failed", "error"}) {
    CAPTURE(reason);
    SupersededOnTheWire desk;
    const PushReport report =
        desk.push_and_answer([&](const PushRequest& request) { return all_rejected(request, reason); });
    CHECK(report.failed == 0);
    CHECK(report.skipped == 0);
    CHECK(report.rejections.empty());
    CHECK(desk.statuses() == "failed\nfailed\npending");
    CHECK(desk.differences().empty());
  }
}

/// Two edits of one record; the server refuses the first, in a batch of its own, and takes or merges the second.
struct Corrected : Desk {
  void refuse_and_correct() {
    create(file, "a", R"({"title":"first"})");
    push_all_applied();
    update(file, "a", R"({"title":"WRONG"})");
    server.reply_to_push([](const PushRequest& request) { return all_rejected(request, "validation_failed"); });
    push();
    update(file, "a", R"({"title":"right"})");
  }
};

TEST_CASE("an applied correction stands: what was refused before it is neither shown nor sent any more") {
  Corrected desk;
  desk.refuse_and_correct();
  desk.push_all_applied();
  CHECK(record_of(desk.file, "a") == R"({"title":"right"}|0|3|3|NULL|NULL|0)");
  CHECK(rows(desk.file.database(),
             "SELECT old.sync_status, new.id FROM tether_mutation_logs AS old "
             "JOIN tether_mutation_logs AS new ON new.mutation_id = old.settled_by",
             2) == "failed|3");
  retry_all_failed(
      desk.file, [](const MutationId&) { CHECK_MESSAGE(false, "nothing is left to retry"); }, [](const Refusal&) {});
  update(desk.file, "a", R"({"note":"later"})");
  CHECK(rows(desk.file.database(), "SELECT payload FROM tether_mutation_logs WHERE id = 4") ==
        R"({"title":"right","note":"later"})");
  CHECK(desk.differences().empty());
}

TEST_CASE("a merged correction stands as well as an applied one") {
  Corrected desk;
  desk.refuse_and_correct();
  desk.server.reply_to_push(all_merged);
  desk.push();
  CHECK(record_of(desk.file, "a") == R"({"title":"right"}|0|3|1|NULL|NULL|0)");
  CHECK(desk.differences().empty());
}

TEST_CASE("a correction of the same batch stands, too, and what is refused behind it stays open") {
  Desk desk;
  create(desk.file, "a", R"({"n":1})");
  desk.push_all_applied();
  for (const char* fields : {R"({"n":2})", R"({"n":3})", R"({"n":4})"}) update(desk.file, "a", fields);
  desk.server.reply_to_push([](const PushRequest& request) {
    PushReply reply = all_rejected(request, "validation_failed");
    reply.applied.push_back(reply.rejected[1].mutation_id);
    reply.rejected.erase(reply.rejected.begin() + 1);
    return reply;
  });
  desk.push();
  CHECK(rows(desk.file.database(), "SELECT sync_status, settled_by IS NOT NULL FROM tether_mutation_logs", 2) ==
        "synced|0\nfailed|1\nsynced|0\nfailed|0");
  CHECK(record_of(desk.file, "a") == R"({"n":4}|0|4|1|4|{"n":3}|0)");
  CHECK(desk.differences().empty());
}

TEST_CASE("what fails for good after a newer edit was taken is not laid over it") {
  for (const char* reason : {"validation_failed", "error"}) {
    CAPTURE(reason);
    Desk desk;
    create(desk.file, "a", R"({"title":"a"})");
    desk.push_all_applied();
    update(desk.file, "a", R"({"title":"put off"})");
    update(desk.file, "a", R"({"title":"taken"})");
    const auto put_off_first = [](const PushRequest& request) {
      PushReply reply = all_rejected(request, "error");
      for (std::size_t i = 1; i < request.mutations.size(); ++i)
        reply.applied.push_back(request.mutations[i].mutation_id);
      reply.rejected.resize(1);
      return reply;
    };
    desk.server.reply_to_push(put_off_first);
    CHECK(desk.push().skipped == 1);
    CHECK(desk.statuses() == "synced\npending\nsynced");
    CHECK(desk.push().skipped == 1);
    desk.server.reply_to_push([&](const PushRequest& request) { return all_rejected(request, reason); });
    CHECK(desk.push().failed == 1);
    CHECK(desk.statuses() == "synced\nfailed\nsynced");
    CHECK(record_of(desk.file, "a").starts_with(R"({"title":"taken"}|0|3|)"));
    CHECK(record_of(desk.file, "a").ends_with("|NULL|NULL|0"));
    CHECK(rows(desk.file.database(), "SELECT settled_by IS NOT NULL FROM tether_mutation_logs WHERE id = 2") == "1");
    update(desk.file, "a", R"({"note":"later"})");
    CHECK(rows(desk.file.database(), "SELECT payload FROM tether_mutation_logs WHERE id = 4") ==
          R"({"title":"taken","note":"later"})");
    CHECK(desk.differences().empty());
  }
}

TEST_CASE("of many refused edits, folded ahead, none is laid over the correction") {
  Desk desk;
  create(desk.file, "a", R"({"n":0})");
  desk.push_all_applied();
  for (int n = 1; n <= 600; ++n) update(desk.file, "a", R"({"n":)" + std::to_string(n) + "}");
  const auto reject_but_last = [](const PushRequest& request) {
    const bool last = request.mutations.back().version == 601;
    PushReply reply = all_rejected(request, "validation_failed");
    if (last) reply.applied.push_back(reply.rejected.back().mutation_id);
    if (last) reply.rejected.pop_back();
    return reply;
  };
  desk.server.reply_to_push(reject_but_last);
  desk.push(100);
  CHECK(rows(desk.file.database(), "SELECT payload, open_log_id FROM tether_records", 2) == R"({"n":600}|NULL)");
  CHECK(desk.differences().empty());
}

TEST_CASE("the create of a next life leaves nothing of a former one that was refused") {
  Desk desk;
  create(desk.file, "a", R"({"title":"first"})");
  desk.push_all_applied();
  update(desk.file, "a", R"({"former":"life"})");
  desk.server.reply_to_push([](const PushRequest& request) { return all_rejected(request, "validation_failed"); });
  desk.push();
  remove(desk.file, "a");
  create(desk.file, "a", R"({"title":"second"})");
  desk.push_all_applied();
  CHECK(record_of(desk.file, "a") == R"({"title":"second"}|0|4|4|NULL|NULL|0)");
  CHECK(desk.differences().empty());
}

/// Merges everything; of each mutation `title` loses.
PushReply merged_without_title(const PushRequest& request) {
  PushReply reply = all_merged(request);
  for (const protocol::Mutation& mutation : request.mutations) {
    reply.lost.push_back({.mutation_id = mutation.mutation_id,
                          .fields = {"title"},
                          .sent = R"({"title":"hose"})",
                          .stands = R"({"title":"valve"})",
                          .server_written_by = ClientId{"ben"}});
  }
  return reply;
}

struct LosingDesk : Desk {
  MutationId id = create(file, "a", R"({"title":"hose"})")->mutation_id;
  LogEntry entry() {
    return sql::in_transaction(file.database(), sql::Access::read,
                               [&](sql::Transaction& transaction) { return *find_mutation(transaction, id); });
  }
};

constexpr std::string_view k_title_lost =
    R"({"fields":["title"],"sent":{"title":"hose"},"stands":{"title":"valve"},"server_written_by":"ben"})";

TEST_CASE_FIXTURE(LosingDesk, "what a mutation loses in a merge is kept with it in the log and reported") {
  server.reply_to_push(merged_without_title);
  const PushReport report = push();
  CHECK(report.pushed == 1);
  CHECK(report.merged == 1);
  CHECK(report.losses.at(0).mutation_id == id);
  CHECK(entry().sync_status == "synced");
  CHECK(entry().lost == k_title_lost);
  CHECK(entry().rejection_data.empty());
}

TEST_CASE_FIXTURE(LosingDesk, "a server that does not say what was lost is understood as before") {
  server.reply_to_push(all_merged);
  CHECK(push().merged == 0);
  CHECK(entry().lost.empty());
}

TEST_CASE_FIXTURE(LosingDesk, "what was put off and then lost in a merge leaves the loss in the log, not the error") {
  server.reply_to_push([](const PushRequest& request) { return all_rejected(request, "error"); });
  push();
  CHECK(entry().rejection_data == R"({"why":"so"})");
  server.reply_to_push(merged_without_title);
  push();
  CHECK(entry().rejection_reason.empty());
  CHECK(entry().lost == k_title_lost);
}

TEST_CASE_FIXTURE(LosingDesk, "an error leaves nothing behind once the mutation is applied") {
  server.reply_to_push([](const PushRequest& request) { return all_rejected(request, "error"); });
  push();
  push_all_applied();
  CHECK(entry().lost.empty());
  CHECK(entry().rejection_data.empty());
}

TEST_CASE_FIXTURE(LosingDesk, "a duplicate brings the loss that the first answer would have brought") {
  server.reply_to_push([](const PushRequest& request) {
    PushReply reply = all_rejected(request, "duplicate");
    reply.lost = merged_without_title(request).lost;
    return reply;
  });
  CHECK(push().merged == 1);
  CHECK(entry().lost == k_title_lost);
}

TEST_CASE_FIXTURE(LosingDesk, "each conflict that a push finds is reported with its fields") {
  server.reply_to_push([](const PushRequest& request) {
    PushReply reply;
    reply.conflicts = {{.mutation_id = request.mutations.at(0).mutation_id,
                        .server_state = R"({"title":"valve","tether_id":"a"})",
                        .fields = {"title"}}};
    return reply;
  });
  const PushReport report = push();
  CHECK(report.conflicts == 1);
  CHECK(report.conflicts_found.at(0).mutation_id == id);
  CHECK(report.conflicts_found.at(0).fields == std::vector<std::string>{"title"});
}

TEST_CASE("of large losses and rejections the report holds no more than 4 MiB each, and counts all; the log has them") {
  Desk desk;
  for (int i = 0; i < 6; ++i) create(desk.file, std::to_string(i), R"({"title":"hose"})");
  const std::string large = R"({"title":")" + std::string(1'000'000, 'x') + R"("})";
  SUBCASE("losses") {
    desk.server.reply_to_push([&](const PushRequest& request) {
      PushReply reply = all_merged(request);
      for (const auto& mutation : request.mutations) {
        reply.lost.push_back({.mutation_id = mutation.mutation_id, .fields = {"title"}, .stands = large});
      }
      return reply;
    });
    const PushReport report = desk.push();
    CHECK(report.merged == 6);
    CHECK(report.losses.size() == 4);
  }
  SUBCASE("rejections") {
    desk.server.reply_to_push([&](const PushRequest& request) {
      PushReply reply = all_rejected(request, "forbidden");
      for (protocol::Rejection& rejection : reply.rejected) rejection.data = large;
      return reply;
    });
    const PushReport report = desk.push();
    CHECK(report.failed == 6);
    CHECK(report.rejections.size() == 4);
  }
  CHECK(rows(desk.file.database(),
             "SELECT count(*) FROM tether_mutation_logs WHERE length(rejection_data) > 1000000") == "6");
}

}  // namespace
}  // namespace tether::replica
