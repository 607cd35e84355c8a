// SPDX-License-Identifier: MIT
// What the codec accepts, refuses and keeps; golden_test.cpp holds every message as a whole.
#include "protocol/codec.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "protocol/codec_fixture.hpp"

using namespace tether::protocol;
using tether::ErrorCode;

namespace {

std::string payload_of(std::string_view rest) {
  return push_request(with_payload(rest)).mutations.at(0).payload;
}

}  // namespace

TEST_CASE("an absent, null or PHP-empty payload is an empty object") {
  CHECK(payload_of("") == "{}");
  CHECK(payload_of(R"("payload":null,)") == "{}");
  CHECK(payload_of(R"("payload":[],)") == "{}");
  CHECK(payload_of(R"("payload":[ ],)") == "{}");
  CHECK(payload_of(R"("payload":{},)") == "{}");
}

TEST_CASE("a payload is kept to the letter, and comes back so") {
  for (const char* payload : {R"({"a":2.0,"b":1e22,"c":-123456789012345678901234567890,"d":1.0e+400})",
                              R"({"a":"\u0000","b":"\/","c":"\u00e9\ud83d\ude00"})", "{\"a\":\"\xe2\x80\xa8\"}",
                              R"({"z":{"y":1,"x":{"w":[{},[]]}},"a":0})", R"({"a":1,"a":2})", R"({"":{"":""},"0":0})",
                              R"({ "a" : [ 1 , 2 ] })"}) {
    CAPTURE(payload);
    CHECK(payload_of("\"payload\":" + std::string(payload) + ",") == payload);
    PushRequest request = push_request(with_payload("\"payload\":" + std::string(payload) + ","));
    CHECK(decode_push_request(encode(request), Limits{}) == request);
    Snapshot row{{{"T"}, {"e"}}, false, payload, tether::Rev{1}, 2, tether::ClientId{"c"}};
    PullReply reply;
    reply.snapshots.push_back(row);
    if (std::string_view(payload).front() == '{' && payload[1] != ' ') CHECK(decode_pull_reply(encode(reply)) == reply);
  }
}

TEST_CASE("what is wrong with a push is named with its path") {
  const auto faults = [](std::string_view body) { return fault(push_request, body); };
  CHECK(faults("") == "not valid JSON: the text ends after 0 bytes, expected a value");
  CHECK(faults("null") == "must be an object, not null");
  CHECK(faults("{}") == "client_id: is missing");
  CHECK(faults(R"({"client_id":"c"})") == "mutations: is missing");
  CHECK(faults(R"({"client_id":7,"mutations":[]})") == "client_id: must be a string, not a number");
  CHECK(faults(R"({"client_id":"","mutations":[]})") == "client_id: must be 1 to 128 bytes");
  CHECK(faults(R"({"client_id":"c","mutations":{}})") == "mutations: must be an array, not an object");
  CHECK(faults(R"({"client_id":"c","mutations":[1]})") == "mutations[0]: must be an object, not a number");
  CHECK(faults(R"({"client_id":"c","mutations":[],"sent_at":1.5})") ==
        "sent_at: must be an integer of at most 64 bits");
  CHECK(faults(R"({"client_id":"c","mutations":[],"other":tru})") == "other: not valid JSON at byte 40: expected true");
  CHECK(faults(R"({"client_id":"c","mutations":[{}]})") == "mutations[0].mutation_id: is missing");
  CHECK(faults(R"({"client_id":"c","mutations":[{"mutation_id":7}]})") ==
        "mutations[0].mutation_id: must be a string, not a number");
  CHECK(faults(R"({"client_id":"c","mutations":[{"model":7,"mutation_id":null}]})") ==
        "mutations[0].mutation_id: must be a string, not null");
  CHECK(faults(with_payload(R"("payload":{"a":{"b":01}},)")).find("not valid JSON") != std::string::npos);
}

TEST_CASE("numbers of 64 bits are kept exactly") {
  const PushRequest request = push_request(
      R"({"client_id":"c","sent_at":-9223372036854775808,"mutations":[{"mutation_id":"@","entity_id":"e","model":"T",)"
      R"("operation":"create","version":-1,"timestamp":9223372036854775807,"base_rev":0}]})");
  CHECK(request.sent_at_ms == std::numeric_limits<std::int64_t>::min());
  CHECK(request.mutations[0].timestamp_ms == std::numeric_limits<std::int64_t>::max());
  CHECK(request.mutations[0].base_rev == tether::Rev{0});
}

TEST_CASE("unknown fields are passed over, null options count as absent, escaped names are names") {
  const PushRequest request = push_request(
      R"({"x":{"y":[1e999]},"\u0063lient_id":"c\u0031","sent_at":null,"mutations":[{"z":null,"mutation_id":"@",)"
      R"("entity_id":"e","model":"T","operation":"create","version":1,"timestamp":2,"base_rev":null,"before":null}]})");
  CHECK(request.client_id.value == "c1");
  CHECK_FALSE(request.sent_at_ms);
  CHECK_FALSE(request.mutations[0].base_rev);
  CHECK_FALSE(request.mutations[0].before);
}

TEST_CASE("a request over the limits is too large, not malformed") {
  Limits limits;
  limits.mutations_max = 1;
  const std::string one = with_ids(with_payload(""));
  const std::string mutation = one.substr(one.find('[') + 1, one.rfind(']') - one.find('[') - 1);
  CHECK(decode_push_request(one, limits).mutations.size() == 1);
  const auto code_of = [&](const std::string& body) {
    try {
      decode_push_request(body, limits);
      return ErrorCode::internal;
    } catch (const FieldError& e) {
      return e.code();
    }
  };
  CHECK(code_of(R"({"client_id":"c","mutations":[)" + mutation + "," + mutation + "]}") == ErrorCode::too_large);
  limits.body_bytes_max = one.size() - 1;
  CHECK(code_of(one) == ErrorCode::too_large);
  CHECK_THROWS_AS(decode_pull_request(R"({"client_id":"c"})", Limits{.body_bytes_max = 5}), FieldError);
}

TEST_CASE("a large payload of one mutation is left to the authority to refuse") {
  const std::string text(2 * 1024 * 1024, 'x');
  CHECK(payload_of("\"payload\":{\"a\":\"" + text + "\"},").size() == text.size() + 8);
}

TEST_CASE("a pull request needs a client and a sensible limit") {
  CHECK(fault(pull_request, "{}") == "client_id: is missing");
  CHECK(fault(pull_request, R"({"client_id":"c","limit":0})") == "limit: must be at least 1");
  CHECK(fault(pull_request, R"({"client_id":"c","last_sync_cursor":"1"})") ==
        "last_sync_cursor: must be an integer, not a string");
  CHECK(fault(pull_request, R"({"client_id":"c","models":["Task","a b"]})")
            .starts_with("models[1]: must be a model name"));
  const PullRequest request = pull_request(R"({"client_id":"c","last_sync_cursor":null,"limit":null,"full":false})");
  CHECK_FALSE(request.cursor);
  CHECK_FALSE(request.limit);
  CHECK(request.full == false);
}

TEST_CASE("a reply that is not the protocol says so, shows how it begins, and what to do") {
  try {
    decode_push_reply("<!DOCTYPE html>\n<html>");
    FAIL("accepted");
  } catch (const tether::Error& e) {
    CHECK(e.code() == ErrorCode::unexpected_reply);
    CHECK(e.what() ==
          doctest::String("the server's reply to push is not the protocol: not valid JSON at byte 0: expected a "
                          "value; it begins with \"<!DOCTYPE html>\\n<html>\""));
    CHECK(e.hint() ==
          "Nothing was lost. Check that the server's address is that of a Tether server, and its path prefix.");
  }
  CHECK(
      fault(pull_reply, "") ==
      "the server's reply to pull is not the protocol: not valid JSON: the text ends after 0 bytes, expected a value; "
      "it is empty");
}

TEST_CASE("an object that answers something else is no reply") {
  CHECK(fault(push_reply, R"({"message":"Unauthenticated."})")
            .ends_with("push is not the protocol: applied: is missing"));
  CHECK(fault(pull_reply, R"({"message":"ok"})").ends_with("pull is not the protocol: snapshots: is missing"));
  CHECK(fault([](std::string_view body) { decode_server_info(body); }, "{}").ends_with("protocol: is missing"));
}

TEST_CASE("ill-typed replies are refused with their path") {
  for (const char* body :
       {R"({"applied":[{"mutation_id":"@"}]})", R"({"applied":["x"]})", R"({"applied":"@"})",
        R"({"applied":{"a":"@"}})", R"({"rejected":[{"mutation_id":"@"}]})", R"({"rejected":[{"reason":"error"}]})",
        R"({"rejected":[{"mutation_id":"@","reason":null}]})",
        R"({"rejected":[{"mutation_id":"@","reason":"error","data":"text"}]})", R"({"conflicts":["@"]})",
        R"({"conflicts":[{"mutation_id":"@","data":{"server_state":"x"}}]})", R"({"applied":[],"revs":{"x":1}})",
        R"({"applied":[],"revs":{"@":"1"}})", R"({"applied":[],"merged":[1]})", R"({"applied":[],"lost":{"@":1}})",
        R"({"applied":[]} x)"}) {
    CAPTURE(body);
    CHECK(fault(push_reply, body).starts_with("the server's reply to push is not the protocol: "));
  }
  for (const char* body :
       {R"({"snapshots":[{"model":"T","operation":"upsert"}]})",
        R"({"snapshots":[{"entity_id":"e","operation":"upsert"}]})", R"({"snapshots":[{"entity_id":"e","model":"T"}]})",
        R"({"snapshots":[{"entity_id":"e","model":"T","operation":"DELETE"}]})",
        R"({"snapshots":[{"entity_id":"e","model":"T","operation":"upsert","payload":"x"}]})",
        R"({"snapshots":[],"has_more":"false"})", R"({"snapshots":[],"new_sync_cursor":1.5})"}) {
    CAPTURE(body);
    CHECK(fault(pull_reply, body).starts_with("the server's reply to pull is not the protocol: "));
  }
}

TEST_CASE("empty lists and data may come in every form that PHP gives them") {
  const PushReply reply = push_reply(
      R"({"applied":{},"rejected":[{"mutation_id":"@","reason":"not_found","data":[]}],)"
      R"("conflicts":[{"mutation_id":"@","reason":"conflict","data":null},{"mutation_id":"@","data":{"server_state":[],)"
      R"("server_updated_at":null}},{"mutation_id":"@","data":[]},{"mutation_id":"@","data":{"server_updated_at":"soon"}}],)"
      R"("revs":[],"merged":null,"lost":[],"server_time":null})");
  CHECK(reply.applied.empty());
  CHECK(reply.lost.empty());
  CHECK(reply.rejected.at(0).data == "{}");
  REQUIRE(reply.conflicts.size() == 4);
  for (const ConflictReport& report : reply.conflicts) {
    CHECK(report.server_state == "{}");
    CHECK(report.server_updated_at_us == 0);
    CHECK_FALSE(report.server_rev);
    CHECK_FALSE(report.deleted);
  }
  CHECK(pull_reply(R"({"snapshots":null})") == PullReply{});
}

TEST_CASE("only an answer that says so is a preview") {
  PushReply reply;
  CHECK_FALSE(decode_push_reply(encode(reply)).preview);
  reply.preview = true;
  CHECK(decode_push_reply(encode(reply)) == reply);
}

TEST_CASE("what was overwritten comes with a page, and is left out where there is nothing") {
  PullReply reply;
  reply.new_cursor = tether::Cursor{7};
  CHECK(encode(reply).find("overwritten") == std::string::npos);
  reply.overwritten = {{.mutation_id = {"01KAM4Z6P2VM3N929H3W21AJKC"},
                        .key = {{"Task"}, {"e"}},
                        .version = 3,
                        .written_at_ms = 1'763'757'000'123,
                        .fields = {"title"},
                        .lost = R"({"title":"pump"})",
                        .server_written_by = {"ben"},
                        .server_updated_at_us = 1'763'757'060'000'001,
                        .by_program = true},
                       {.mutation_id = {"01KAM4Z6P2VM3N929H3W21AJKD"}, .key = {{"Task"}, {"f"}}, .deleted = true}};
  CHECK(pull_reply(encode(reply)) == reply);
  CHECK(guess_pull_end(encode(reply))->new_cursor == tether::Cursor{7});
  CHECK(decode_overwrites("[" + encode_overwrite(reply.overwritten[0]) + "]").at(0) == reply.overwritten[0]);
  reply.overwritten[0].written_at_ms = std::int64_t{1} << 60;  // as a hostile clock has it
  CHECK(pull_reply(encode(reply)).overwritten[0].written_at_ms == 0);
}

TEST_CASE("the id inside a pulled payload is taken out, wherever it stands") {
  const auto payload = [](const std::string& text) {
    return pull_reply(R"({"snapshots":[{"entity_id":"e","model":"T","operation":"upsert","payload":)" + text + "}]}")
        .snapshots.at(0)
        .payload;
  };
  CHECK(payload(R"({"a":2.0,"tether_id":"e"})") == R"({"a":2.0})");
  CHECK(payload(R"({"a":",","b":"" ,"tether_id":"e"})") == R"({"a":",","b":"" })");
  CHECK(payload(R"({"a":"\"","tether_id":"e"})") == R"({"a":"\""})");
  CHECK(payload(R"({"a":{"b":1,"tether_id":"x"}})") == R"({"a":{"b":1,"tether_id":"x"}})");
  CHECK(payload(R"({"tether\u005fid":"x","a":1,"tether_id":"e"})") == R"({"a":1})");
  CHECK(payload(R"({"tether_id":"x","a":1,"tether_id":"e"})") == R"({"a":1})");
  CHECK(payload(R"({"a":1,"tether_id":"e" })") == R"({"a":1 })");
  CHECK(payload(R"({"tether_id":"e"})") == "{}");
  CHECK(payload(R"({"tether_id":"e","a":2.0})") == R"({"a":2.0})");
  CHECK(payload(R"({"a":{"tether_id":"x"},"tether_id":"e"})") == R"({"a":{"tether_id":"x"}})");
  CHECK(payload("[]") == "{}");
}

TEST_CASE("a pull reply is written row by row, with the id in every payload that is not of a deleted row") {
  PullReplyWriter writer;
  writer.snapshot("Task", "e\"1", false, "{}", tether::Rev{1}, 5, "c1");
  writer.snapshot("Task", "e2", false, "{\"a\":2.0 }", tether::Rev{2}, 6, "c\n2");
  const std::size_t bytes = writer.bytes();
  writer.snapshot("Task", "e3", true, R"({"a":1})", tether::Rev{3}, 7, "c3");
  CHECK(writer.bytes() > bytes);
  CHECK(
      std::move(writer).finish({.new_cursor = tether::Cursor{7}, .has_more = true}) ==
      R"({"snapshots":[{"entity_id":"e\"1","model":"Task","operation":"upsert","payload":{"tether_id":"e\"1"},)"
      R"("rev":1,"updated_at":5,"updated_by":"c1"},)"
      R"({"entity_id":"e2","model":"Task","operation":"upsert","payload":{"a":2.0,"tether_id":"e2"},)"
      R"("rev":2,"updated_at":6,"updated_by":"c\n2"},)"
      R"({"entity_id":"e3","model":"Task","operation":"delete","payload":{},"rev":3,"updated_at":7,"updated_by":"c3"}],)"
      R"("new_sync_cursor":7,"has_more":true,"reset":false})");
  CHECK(PullReplyWriter().finish({.reset = true, .epoch = "e1", .horizon_us = 4}) ==
        R"({"snapshots":[],"new_sync_cursor":null,"has_more":false,"reset":true,"epoch":"e1","horizon":4})");
}

TEST_CASE("how a page ends is guessed where it stands behind the snapshots, and nowhere else") {
  PullReplyWriter writer;
  writer.snapshot("Task", "e]", false, R"({"list":[1,"]"]})", tether::Rev{1}, 5, "c1");
  const std::string page =
      std::move(writer).finish({.new_cursor = tether::Cursor{7}, .has_more = true, .epoch = "one"});
  const auto guessed = guess_pull_end(page);
  REQUIRE(guessed);
  CHECK(guessed->snapshots.empty());
  CHECK(guessed->new_cursor == tether::Cursor{7});
  CHECK(guessed->has_more);
  CHECK(guessed->epoch == "one");
  CHECK_FALSE(guess_pull_end(""));
  CHECK_FALSE(guess_pull_end("<html></html>"));
  CHECK_FALSE(guess_pull_end(R"({"snapshots":[],"new_sync_cursor":7,"epoch":"a]b"})"));
  CHECK_FALSE(guess_pull_end(R"({"snapshots":[],"ext":{"list":[],"new_sync_cursor":7}})"));
  CHECK_FALSE(guess_pull_end(R"({"new_sync_cursor":7,"has_more":true,"snapshots":[]})")->new_cursor);
}

TEST_CASE("the data of a conflict goes into a log and back") {
  ConflictReport report;
  report.mutation_id.value = k_id;
  report.server_state = R"({"a":2.0,"tether_id":"e"})";
  report.server_updated_at_us = 1'795'294'140'123'456;
  report.server_rev = tether::Rev{8};
  report.fields = {"a", "b\"c"};
  report.deleted = true;
  const std::string data = encode_conflict_data(report);
  CHECK(data ==
        R"({"server_state":{"a":2.0,"tether_id":"e"},"server_updated_at":"2026-11-21T20:49:00.123456Z","server_rev":8,)"
        R"("fields":["a","b\"c"],"deleted":true})");
  CHECK(decode_conflict_data(report.mutation_id, data) == report);
  CHECK_THROWS_WITH(decode_conflict_data(report.mutation_id, R"({"fields":[1]})"),
                    "data.fields[0]: must be a string, not a number");
}
