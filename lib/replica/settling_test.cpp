// SPDX-License-Identifier: MIT
#include "replica/settling.hpp"

#include "replica/log.hpp"
#include "replica/peer_fixture.hpp"
#include "replica/status.hpp"

namespace tether::replica {
namespace {

using protocol::PushReply;
using protocol::PushRequest;

PushReply all_refused(const PushRequest& request) {
  return all_rejected(request, "validation_failed");
}

struct Refused : Desk {
  Refused() {
    create(file, "a", R"({"amount":1,"note":"x"})");
    push_all_applied();
  }
  MutationId refuse(std::string_view fields) {
    const MutationId id = update(file, "a", fields)->mutation_id;
    server.reply_to_push(all_refused);
    push();
    return id;
  }
  void merge(std::string_view fields) {
    update(file, "a", fields);
    server.reply_to_push(all_merged);
    push();
  }
  std::string settled() {
    return rows(file.database(),
                "SELECT settled_by IS NOT NULL FROM tether_mutation_logs WHERE sync_status = 'failed'");
  }
  std::string base() { return rows(file.database(), "SELECT base FROM tether_records"); }
  std::string shown() { return rows(file.database(), "SELECT payload FROM tether_records"); }
  std::string last(const std::string& column) {
    return rows(file.database(), "SELECT " + column + " FROM tether_mutation_logs ORDER BY id DESC LIMIT 1");
  }
};

TEST_CASE_FIXTURE(Refused, "what was refused stays failed where the later edit that was merged says nothing of it") {
  refuse(R"({"amount":100})");
  merge(R"({"note":"y"})");
  CHECK(statuses() == "synced\nfailed\nsynced");
  CHECK(settled() == "0");
  CHECK(base() == R"({"amount":1,"note":"y"})");
  CHECK(shown() == R"({"amount":100,"note":"y"})");
  CHECK(differences().empty());
}

TEST_CASE_FIXTURE(Refused, "retry of what stayed failed sends its own fields alone, over what the server has now") {
  const MutationId id = refuse(R"({"amount":100})");
  merge(R"({"note":"y"})");
  pull_page({snapshot("a", R"({"amount":1,"note":"z","by":"ben"})", 9)}, 9);
  CHECK(retry_failed(file, {id}).size() == 1);
  CHECK(last("payload") == R"({"amount":100,"note":"z","by":"ben"})");
  CHECK(last("before") == R"({"amount":1})");
  CHECK(last("base_rev") == "9");
  CHECK(settled() == "1");
  CHECK(differences().empty());
}

TEST_CASE_FIXTURE(Refused,
                  "of what was refused a field that a later edit brought to the server is not shown any more") {
  const MutationId id = refuse(R"({"amount":100,"note":"WRONG"})");
  merge(R"({"note":"right"})");
  CHECK(settled() == "0");
  CHECK(shown() == R"({"amount":100,"note":"right"})");
  CHECK(differences().empty());
  retry_failed(file, {id});
  CHECK(last("before") == R"({"amount":1})");
}

TEST_CASE_FIXTURE(Refused, "later edits that were merged settle what was refused once they name all its fields") {
  refuse(R"({"amount":100,"note":"WRONG"})");
  merge(R"({"note":"right"})");
  CHECK(settled() == "0");
  merge(R"({"amount":5})");
  CHECK(settled() == "1");
  CHECK(shown() == R"({"amount":5,"note":"right"})");
  CHECK(differences().empty());
}

TEST_CASE_FIXTURE(Refused, "a later edit that is stored as it was sent settles all: it carried what was refused") {
  refuse(R"({"amount":100})");
  update(file, "a", R"({"note":"y"})");
  push_all_applied();
  CHECK(settled() == "1");
  CHECK(shown() == R"({"amount":100,"note":"y"})");
  CHECK(differences().empty());
}

TEST_CASE_FIXTURE(Refused, "so it is with the original server, which says no revs") {
  refuse(R"({"amount":100})");
  update(file, "a", R"({"note":"y"})");
  server.reply_to_push([](const PushRequest& request) {
    PushReply reply;
    reply.applied.push_back(request.mutations[0].mutation_id);
    return reply;
  });
  push();
  CHECK(settled() == "1");
}

TEST_CASE_FIXTURE(Refused, "a later duplicate of which nobody knows how it was stored settles only what it names") {
  refuse(R"({"amount":100})");
  update(file, "a", R"({"note":"y"})");
  server.reply_to_push([](const PushRequest& request) { return all_rejected(request, "duplicate"); });
  push();
  CHECK(settled() == "0");
}

TEST_CASE_FIXTURE(Refused, "a later delete settles all that was refused before it") {
  refuse(R"({"amount":100})");
  remove(file, "a");
  server.reply_to_push(all_merged);
  push();
  CHECK(settled() == "1");
  CHECK(differences().empty());
}

TEST_CASE_FIXTURE(Refused, "a delete that was refused is settled by whatever is taken of the record later") {
  remove(file, "a");
  server.reply_to_push(all_refused);
  push();
  create(file, "a", R"({"note":"again"})");
  server.reply_to_push(all_merged);
  push();
  CHECK(settled() == "1");
  CHECK(differences().empty());
}

TEST_CASE("a refused create is settled only by a later edit that names all of it") {
  for (const bool all : {false, true}) {
    CAPTURE(all);
    Desk desk;
    create(desk.file, "a", R"({"amount":100,"note":"x"})");
    desk.server.reply_to_push(all_refused);
    desk.push();
    update(desk.file, "a", all ? R"({"amount":5,"note":"y"})" : R"({"note":"y"})");
    desk.server.reply_to_push(all_merged);  // someone else has made it meanwhile
    desk.push();
    CHECK(rows(desk.file.database(), "SELECT settled_by IS NOT NULL FROM tether_mutation_logs WHERE id = 1") ==
          (all ? "1" : "0"));
    CHECK(desk.differences().empty());
  }
}

/// The first of two edits is put off until the server gives it up; the second was merged before.
struct PutOff : Refused {
  MutationId put_off;
  void put_off_behind(std::string_view later) {
    put_off = update(file, "a", R"({"amount":100})")->mutation_id;
    update(file, "a", later);
    server.reply_to_push([](const PushRequest& request) {
      PushReply reply = all_rejected(request, "error");
      if (request.mutations.size() < 2) return reply;
      reply.applied = reply.merged = {request.mutations[1].mutation_id};
      reply.rejected.resize(1);
      return reply;
    });
    for (int attempt = 0; attempt < 20 && statuses() != "synced\nfailed\nsynced"; ++attempt) push();
    REQUIRE(statuses() == "synced\nfailed\nsynced");
  }
};

TEST_CASE_FIXTURE(PutOff, "what fails for good behind a merged edit of other fields stays failed") {
  put_off_behind(R"({"note":"y"})");
  CHECK(settled() == "0");
  CHECK(shown() == R"({"amount":100,"note":"y"})");
  CHECK(differences().empty());
}

TEST_CASE_FIXTURE(PutOff, "what fails for good behind a merged edit of its fields is settled") {
  put_off_behind(R"({"amount":5})");
  CHECK(settled() == "1");
  CHECK(shown() == R"({"amount":5,"note":"x"})");
  CHECK(differences().empty());
}

TEST_CASE_FIXTURE(PutOff,
                  "what was never decided is recorded anew where a later edit was taken, as its version is past") {
  put_off_behind(R"({"note":"y"})");
  const auto queued = retry_failed(file, {put_off});
  REQUIRE(queued.size() == 1);
  CHECK(queued[0] != put_off);
  CHECK(last("version") == "4");
  CHECK(last("before") == R"({"amount":1})");
  CHECK(settled() == "1");
}

TEST_CASE_FIXTURE(Refused, "what stayed failed can be given up once the later edit is on the server") {
  const MutationId id = refuse(R"({"amount":100})");
  merge(R"({"note":"y"})");
  CHECK(dismiss_failed(file, {id}).dismissed == 1);
  CHECK(shown() == R"({"amount":1,"note":"y"})");
  CHECK(differences().empty());
}

}  // namespace
}  // namespace tether::replica
