// SPDX-License-Identifier: MIT
#include "authority/fixture.hpp"

namespace tether::authority {
namespace {

using namespace fixture;
using Lines = std::vector<std::string>;

protocol::PullRequest after(std::optional<Cursor> cursor, std::int64_t limit = 1000) {
  return {.client_id = ClientId{"bob"}, .cursor = cursor, .limit = limit, .models = {}, .full = {}};
}

/// A server with entities T1 … Tn, each made by ann.
void fill(Server& server, int entities) {
  std::vector<protocol::Mutation> batch;
  for (int i = 1; i <= entities; ++i) batch.push_back(create(i, "T" + std::to_string(i)));
  server.push("ann", batch);
}

/// All pages, following has_more; every page but an empty first one moves the cursor.
void each_page(Server& server, protocol::PullRequest request,
               const std::function<void(const protocol::PullReply&)>& look_at) {
  for (;;) {
    const auto reply = server.pull(request);
    look_at(reply);
    if (!reply.has_more) return;
    REQUIRE(reply.new_cursor.has_value());
    REQUIRE((!request.cursor || *reply.new_cursor > *request.cursor));
    request.cursor = reply.new_cursor;
  }
}

/// The number of rows of each page.
std::vector<std::size_t> pages(Server& server, const protocol::PullRequest& request) {
  std::vector<std::size_t> out;
  each_page(server, request, [&](const protocol::PullReply& reply) { out.push_back(reply.snapshots.size()); });
  return out;
}

std::vector<std::string> ids_of_all_pages(Server& server, const protocol::PullRequest& request) {
  std::vector<std::string> out;
  each_page(server, request, [&](const protocol::PullReply& reply) {
    for (const auto& row : reply.snapshots) out.push_back(row.key.id.value);
  });
  return out;
}

TEST_CASE("an empty scope answers null with null, and a cursor that it never gave out with its beginning") {
  Server server;
  CHECK(server.pull() == protocol::PullReply{});
  CHECK(server.pull(after(Cursor{5})).new_cursor == Cursor{0});
}

TEST_CASE("has_more is exact on every border of a page") {
  Server server;
  fill(server, 6);
  CHECK(pages(server, after({}, 7)) == std::vector<std::size_t>{6});
  CHECK(pages(server, after({}, 6)) == std::vector<std::size_t>{6});
  CHECK(pages(server, after({}, 5)) == std::vector<std::size_t>{5, 1});
  CHECK(pages(server, after({}, 3)) == std::vector<std::size_t>{3, 3});
  CHECK(pages(server, after({}, 1)) == std::vector<std::size_t>{1, 1, 1, 1, 1, 1});
  CHECK(pages(server, after({}, 0)) == pages(server, after({}, 1)));
  CHECK(pages(server, after({}, -9'223'372'036'854'775'807 - 1)) == pages(server, after({}, 1)));
}

TEST_CASE("pages join without a seam where a portion of the store ends") {
  Server server;
  fill(server, 600);
  CHECK(pages(server, after({}, 256)) == std::vector<std::size_t>{256, 256, 88});
  CHECK(pages(server, after({}, 257)) == std::vector<std::size_t>{257, 257, 86});
  CHECK(pages(server, after({}, 511)) == std::vector<std::size_t>{511, 89});
  CHECK(pages(server, after({}, 600)) == std::vector<std::size_t>{600});
}

TEST_CASE("a request without a limit gets the default, one with a huge limit the most there is") {
  Options options;
  options.limits.page_rows_default = 2;
  options.limits.page_rows_max = 4;
  Server server(options);
  fill(server, 6);
  protocol::PullRequest request = after({});
  request.limit = {};
  CHECK(pages(server, request) == std::vector<std::size_t>{2, 2, 2});
  CHECK(pages(server, after({}, 9'223'372'036'854'775'807)) == std::vector<std::size_t>{4, 2});
}

TEST_CASE("a page ends once its text is long, but never without a row") {
  Options options;
  options.limits.page_bytes_max = 2'000;
  Server server(options);
  for (int i = 1; i <= 3; ++i) {
    server.push("ann", {create(i, "T" + std::to_string(i), R"({"t":")" + std::string(1'500, 'x') + "\"}")});
  }
  CHECK(pages(server, after({})) == std::vector<std::size_t>{2, 1});
  Options tiny;
  tiny.limits.page_bytes_max = 0;
  Server small(tiny);
  fill(small, 3);
  CHECK(pages(small, after({})) == std::vector<std::size_t>{1, 1, 1});
}

TEST_CASE("pages of short and long payloads among each other join without a seam, whatever their bounds") {
  std::vector<protocol::Mutation> batch;
  std::vector<std::string> ids;
  for (int i = 1; i <= 40; ++i) {
    ids.push_back("T" + std::to_string(i));
    std::string text(i % 7 == 0 ? 2'500 : 90, 'x');
    for (int clef = 0; i % 5 == 0 && clef < 1'500 + 30 * i; ++clef) text += "\U0001D11E";  // four bytes, one character
    batch.push_back(create(i, ids.back(), R"({"t":")" + text + "\"}"));
  }
  for (const std::size_t bytes : {0, 300, 2'000, 5'000, 60'000, 1'000'000}) {
    Options options;
    options.limits.page_bytes_max = bytes;
    Server server(options);
    server.push("ann", batch);
    for (const int rows : {1, 3, 39, 40, 1'000}) {
      CAPTURE(bytes);
      CAPTURE(rows);
      CHECK(ids_of_all_pages(server, after({}, rows)) == ids);
    }
  }
}

TEST_CASE("skip_own leaves out what this client wrote and is stored as sent, never in a full pull") {
  Server server;
  server.push("bob", {create(1, "T1", R"({"a":1,"b":1})"), create(2, "T2")});
  server.push("ann", {create(3, "T3")});
  server.push("bob", {seeing(1, update(4, "T1", R"({"a":2})")), create(5, "T5")});
  protocol::PullRequest request = after(Cursor{0});
  request.skip_own = true;
  CHECK(lines(server.pull(request)) == Lines{"T3 {} rev 1 by ann", R"(T1 {"a":2,"b":1} rev 2 by bob)"});
  CHECK(server.pull(request).new_cursor == server.pull(after({})).new_cursor);
  request.full = true;
  CHECK(server.pull(request).snapshots.size() == 4);
  request.cursor = {};
  request.full = {};
  CHECK(server.pull(request).snapshots.size() == 4);
}

TEST_CASE("a push says which part of the order is its own, and nothing when it changed nothing") {
  Server server;
  const auto first = server.push("ann", {create(1, "T1"), create(2, "T2")});
  CHECK(first.cursor_before == Cursor{0});
  CHECK(first.cursor == server.pull(after({})).new_cursor);
  const auto second = server.push("bob", {create(3, "T3")});
  CHECK(second.cursor_before == first.cursor);
  CHECK(second.cursor > first.cursor);
  const auto again = server.push("ann", {create(1, "T1")});
  CHECK_FALSE(again.cursor_before.has_value());
  CHECK_FALSE(again.cursor.has_value());
}

TEST_CASE("a full pull that began before the horizon moved begins again") {
  Server server;
  server.push("ann", {create(1, "T1"), create(2, "T2"), create(3, "T3")});
  protocol::PullRequest request = after({}, 1);
  request.full = true;
  const auto first = server.pull(request);
  CHECK(first.horizon_us == 0);
  request.cursor = first.new_cursor;
  request.horizon_us = first.horizon_us;
  CHECK_FALSE(server.pull(request).reset);
  server.push("ann", {remove(4, "T1")});
  server.clock.advance(std::chrono::hours(24 * 100));
  server.authority.compact(*server.database, std::chrono::hours(24 * 90));
  const auto again = server.pull(request);
  CHECK(again.reset);
  CHECK(*again.horizon_us > 0);
  request.cursor = again.new_cursor;
  request.horizon_us = again.horizon_us;
  CHECK_FALSE(server.pull(request).reset);
}

TEST_CASE("a cursor moves past what is left out, even when a page looks at nothing else") {
  Options options;
  options.limits.page_rows_max = 5;
  Server server(options);
  std::vector<protocol::Mutation> batch;
  for (int i = 1; i <= 12; ++i) batch.push_back(create(i, "T" + std::to_string(i)));
  server.push("bob", batch);
  server.push("ann", {create(13, "T13")});
  protocol::PullRequest request = after(Cursor{0}, 2);
  request.skip_own = true;
  CHECK(pages(server, request) == std::vector<std::size_t>{0, 0, 1});
}

TEST_CASE("only the models asked for are sent") {
  Server server;
  auto note = create(2, "N1");
  note.model = ModelName{"Note"};
  server.push("ann", {create(1, "T1"), note, create(3, "T3")});
  protocol::PullRequest request = after({});
  request.models = {ModelName{"Note"}, ModelName{"Ghost"}};
  CHECK(lines(server.pull(request)) == Lines{"N1 {} rev 1 by ann"});
  CHECK(server.pull(request).new_cursor == server.pull(after({})).new_cursor);
  request.models = {ModelName{"Task"}};
  CHECK(lines(server.pull(request)) == Lines{"T1 {} rev 1 by ann", "T3 {} rev 1 by ann"});
}

TEST_CASE("deletes come in the same order, and stay away only from a full pull that says fresh") {
  Server server;
  server.push("ann", {create(1, "T1"), create(2, "T2"), remove(3, "T1")});
  protocol::PullRequest request = after({});
  CHECK(lines(server.pull(request)) == Lines{"T2 {} rev 1 by ann", "T1 deleted rev 2 by ann"});
  request.fresh = true;
  CHECK(lines(server.pull(request)) == Lines{"T2 {} rev 1 by ann"});
  request.cursor = Cursor{0};
  CHECK(server.pull(request).snapshots.size() == 2);
  request.full = true;
  CHECK(server.pull(request).snapshots.size() == 1);
}

TEST_CASE("a cursor from beyond the clock gets nothing and goes back: the scope was restored") {
  Server server;
  fill(server, 2);
  const Cursor beyond{server.pull().new_cursor->value + 1'000'000};
  const auto reply = server.pull(after(beyond));
  CHECK(reply.snapshots.empty());
  CHECK(reply.new_cursor == server.pull().new_cursor);
  CHECK(!reply.has_more);
  CHECK(!reply.reset);
  CHECK(reply.epoch == server.pull().epoch);
}

}  // namespace
}  // namespace tether::authority
