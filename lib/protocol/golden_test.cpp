// SPDX-License-Identifier: MIT
// Every message as it goes over the wire, in testdata/protocol. TETHER_ACCEPT=1 writes what is encoded into the files.
// Files named php-* and laravel-* imitate the original client and server: they are read, and written again our way.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>

#include "protocol/codec.hpp"

using namespace tether::protocol;
using tether::ClientId;
using tether::Cursor;
using tether::MutationId;
using tether::Rev;

namespace {

std::string path_of(const std::string& name) {
  return std::string(TETHER_TESTDATA) + "/protocol/" + name;
}

std::string contents(const std::string& name) {
  std::ifstream file(path_of(name), std::ios::binary);
  REQUIRE_MESSAGE(file.good(), "no file ", path_of(name));
  std::ostringstream text;
  text << file.rdbuf();
  std::string body = text.str();
  if (body.ends_with('\n')) body.pop_back();
  return body;
}

void expect_golden(const std::string& name, const std::string& encoded) {
  if (std::getenv("TETHER_ACCEPT") != nullptr) std::ofstream(path_of(name), std::ios::binary) << encoded << "\n";
  CHECK(encoded == contents(name));
}

/// `decode` reads the whole text, and refuses it when it is cut off anywhere.
void expect_refused_at_every_cut(const std::string& body, const std::function<void(std::string_view)>& decode) {
  CHECK_NOTHROW(decode(body));
  for (std::size_t length = 0; length < body.size(); ++length) {
    CAPTURE(length);
    CHECK_THROWS_AS(decode(std::string_view(body).substr(0, length)), tether::Error);
  }
}

PushRequest read_push_request(std::string_view body) {
  return decode_push_request(body, Limits{});
}
PullRequest read_pull_request(std::string_view body) {
  return decode_pull_request(body, Limits{});
}

PushRequest example_push_request() {
  PushRequest request;
  request.client_id = ClientId{"01M8009KF6HMW9Z63N46CNX3NY"};
  request.sent_at_ms = 1'795'294'140'999;
  Mutation created;
  created.mutation_id.value = "01M8009KF4AE6ZFNFM5EEX5EZN";
  created.entity_id.value = "01M8009KF20QZDA82XZ0QYYX3S";
  created.model.value = "Task";
  created.payload = R"({"title":"Check pump","weight":2.0,"big":123456789012345678901234567890,"note":"\u0000"})";
  created.timestamp_ms = 1'795'294'140'123;
  Mutation updated = created;
  updated.mutation_id.value = "01M8009KF4AE6ZFNFM5EEX5EZP";
  updated.operation = Operation::update;
  updated.payload = R"({"title":"Check pump 7","done":true})";
  updated.version = 2;
  updated.base_rev = Rev{7};
  updated.before = R"({"title":"Check pump","done":null})";
  Mutation removed = created;
  removed.mutation_id.value = "01M8009KF4AE6ZFNFM5EEX5EZQ";
  removed.operation = Operation::remove;
  removed.payload = "{}";
  removed.version = 3;
  removed.base_rev = Rev{0};
  request.mutations = {created, updated, removed};
  return request;
}

PushReply example_push_reply() {
  PushReply reply;
  reply.applied = {MutationId{"01M8009KF4AE6ZFNFM5EEX5EZN"}, MutationId{"01M8009KF4AE6ZFNFM5EEX5EZP"}};
  reply.rejected = {{MutationId{"01M8009KF4AE6ZFNFM5EEX5EZQ"}, "not_found", "{}"},
                    {MutationId{"01M8009KF4AE6ZFNFM5EEX5EZR"}, "validation_failed",
                     R"({"messages":{"title":["The title must not be empty."]}})"}};
  ConflictReport changed;
  changed.mutation_id.value = "01M8009KF4AE6ZFNFM5EEX5EZS";
  changed.server_state = R"({"title":"Check pump 8","tether_id":"01M8009KF20QZDA82XZ0QYYX3S"})";
  changed.server_updated_at_us = 1'795'294'140'123'456;
  changed.server_rev = Rev{8};
  changed.fields = {"title"};
  changed.server_written_by = ClientId{"01M8009KF6HMW9Z63N46CNX3NZ"};
  ConflictReport deleted = changed;
  deleted.mutation_id.value = "01M8009KF4AE6ZFNFM5EEX5EZT";
  deleted.server_state = "{}";
  deleted.deleted = true;
  reply.conflicts = {changed, deleted};
  reply.revs = {{reply.applied[0], Rev{1}}, {reply.applied[1], Rev{2}}};
  reply.merged = {reply.applied[1]};
  reply.lost = {{.mutation_id = reply.applied[1],
                 .fields = {"hours", "note"},
                 .sent = R"({"hours":3.0,"note":"oiled"})",
                 .stands = R"({"hours":4})",
                 .server_written_by = changed.server_written_by,
                 .server_updated_at_us = changed.server_updated_at_us,
                 .by_program = true}};
  reply.server_time_us = 1'795'294'141'000'123;
  reply.cursor_before = Cursor{1'795'294'141'000'121};
  reply.cursor = Cursor{1'795'294'141'000'123};
  reply.epoch = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  return reply;
}

PullReply example_pull_reply() {
  PullReply reply;
  Snapshot upsert;
  upsert.key = {{"Task"}, {"01M8009KF20QZDA82XZ0QYYX3S"}};
  upsert.payload = R"({"title":"Check pump 8","weight":2.0,"nested":{"z":[],"a":{}}})";
  upsert.rev = Rev{8};
  upsert.updated_at_us = 1'795'294'140'123'456;
  upsert.updated_by = ClientId{"01M8009KF6HMW9Z63N46CNX3NY"};
  Snapshot removed = upsert;
  removed.key.id.value = "01M8009KF20QZDA82XZ0QYYX3T";
  removed.payload = "{}";
  removed.deleted = true;
  removed.updated_at_us = 1'795'294'140'123'457;
  reply.snapshots = {upsert, removed};
  reply.new_cursor = Cursor{1'795'294'140'123'457};
  reply.has_more = true;
  reply.epoch = "01M8009KF0000000000000000E";
  return reply;
}

PullRequest example_pull_request() {
  PullRequest request;
  request.client_id = ClientId{"01M8009KF6HMW9Z63N46CNX3NY"};
  request.cursor = Cursor{1'795'294'140'123'456};
  request.limit = 500;
  request.skip_own = true;
  request.models = {{"Task"}, {"Invoice"}};
  request.fresh = true;
  request.full = false;
  return request;
}

}  // namespace

TEST_CASE("a push request on the wire") {
  expect_golden("push-request.json", encode(example_push_request()));
  const std::string body = contents("push-request.json");
  CHECK(read_push_request(body) == example_push_request());
  expect_refused_at_every_cut(body, read_push_request);
}

TEST_CASE("a push reply on the wire") {
  expect_golden("push-reply.json", encode(example_push_reply()));
  const std::string body = contents("push-reply.json");
  CHECK(decode_push_reply(body) == example_push_reply());
  expect_refused_at_every_cut(body, decode_push_reply);
}

TEST_CASE("an empty push reply on the wire") {
  expect_golden("push-reply-empty.json", encode(PushReply{}));
  CHECK(decode_push_reply(contents("push-reply-empty.json")) == PushReply{});
}

TEST_CASE("a pull request on the wire") {
  expect_golden("pull-request.json", encode(example_pull_request()));
  const std::string body = contents("pull-request.json");
  CHECK(read_pull_request(body) == example_pull_request());
  expect_refused_at_every_cut(body, read_pull_request);
}

TEST_CASE("the first pull request on the wire") {
  PullRequest first;
  first.client_id = ClientId{"01M8009KF6HMW9Z63N46CNX3NY"};
  expect_golden("pull-request-first.json", encode(first));
  CHECK(read_pull_request(contents("pull-request-first.json")) == first);
}

TEST_CASE("a pull reply on the wire") {
  expect_golden("pull-reply.json", encode(example_pull_reply()));
  const std::string body = contents("pull-reply.json");
  CHECK(decode_pull_reply(body) == example_pull_reply());
  expect_refused_at_every_cut(body, decode_pull_reply);
}

TEST_CASE("a pull reply with nothing new, and one that resets") {
  expect_golden("pull-reply-nothing-new.json", encode(PullReply{}));
  CHECK(decode_pull_reply(contents("pull-reply-nothing-new.json")) == PullReply{});
  PullReply reset = example_pull_reply();
  reset.reset = true;
  expect_golden("pull-reply-reset.json", encode(reset));
  CHECK(decode_pull_reply(contents("pull-reply-reset.json")) == reset);
}

TEST_CASE("what a server says about itself on the wire") {
  ServerInfo info;
  info.name = "tether-service";
  info.version = "0.1.0";
  info.protocol = 1;
  info.extensions = {"base_rev", "skip_own"};
  info.server_time_us = 1'795'294'141'000'123;
  expect_golden("info.json", encode(info, Limits{}));
  const ServerInfo read = decode_server_info(contents("info.json"));
  CHECK(read.name == info.name);
  CHECK(read.version == info.version);
  CHECK(read.protocol == 1);
  CHECK(read.extensions == info.extensions);
  CHECK(read.server_time_us == info.server_time_us);
  expect_refused_at_every_cut(contents("info.json"), decode_server_info);
}

TEST_CASE("the requests of the original client are understood") {
  const std::string push = contents("php-push-request.json");
  expect_golden("php-push-request.our-way.json", encode(read_push_request(push)));
  expect_refused_at_every_cut(push, read_push_request);
  expect_golden("php-pull-request.our-way.json", encode(read_pull_request(contents("php-pull-request.json"))));
}

TEST_CASE("the replies of the original server are understood") {
  const std::string push = contents("laravel-push-reply.json");
  expect_golden("laravel-push-reply.our-way.json", encode(decode_push_reply(push)));
  expect_refused_at_every_cut(push, decode_push_reply);
  const std::string pull = contents("laravel-pull-reply.json");
  expect_golden("laravel-pull-reply.our-way.json", encode(decode_pull_reply(pull)));
  expect_refused_at_every_cut(pull, decode_pull_reply);
}
