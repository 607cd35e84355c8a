// SPDX-License-Identifier: MIT
// Pull: the request and a page of the reply.
#include <algorithm>

#include "base/log.hpp"
#include "protocol/codec.hpp"
#include "protocol/codec_conflict.hpp"
#include "protocol/fields.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/payload.hpp"

namespace tether::protocol {

namespace {

constexpr std::string_view k_id_field = "tether_id";  // in the payload of an upsert: the entity's id once more
constexpr std::size_t k_snapshot_bytes = 256;         // of a snapshot beside its payload, about: to reserve memory

std::optional<std::int64_t> read_limit(JsonReader& reader) {
  const std::optional<std::int64_t> limit = read_optional_integer(reader);
  if (limit && *limit < 1) reader.fail("must be at least 1");
  return limit;
}

PullRequest read_pull_request(JsonReader& reader) {
  PullRequest request;
  reader.object([&](std::string_view field) {
    if (field == "client_id") {
      request.client_id = read_client_id(reader);
    } else if (field == "last_sync_cursor") {
      request.cursor = read_cursor(reader);
    } else if (field == "limit") {
      request.limit = read_limit(reader);
    } else if (field == "skip_own") {
      request.skip_own = read_flag(reader);
    } else if (field == "horizon") {
      request.horizon_us = read_optional_integer(reader);
    } else if (field == "models") {
      request.models.clear();
      read_list(reader, [&] { request.models.push_back(read_model(reader)); });
    } else if (field == "fresh") {
      request.fresh = read_flag(reader);
    } else if (field == "full") {
      request.full = read_optional(reader, [](JsonReader& r) { return r.boolean(); });
    } else if (field == "view") {
      request.view = read_optional_text(reader);
    } else {
      reader.value();
    }
  });
  if (request.client_id.value.empty()) reader.fail_missing("client_id");
  return request;
}

/// Only these two: a row of which nobody knows what became of it must stop the page, not be taken for an upsert.
bool read_deleted(JsonReader& reader) {
  const std::string operation = reader.string();
  if (operation != "upsert" && operation != "delete") reader.fail("must be upsert or delete");
  return operation == "delete";
}

/// A payload without tether_id. Mostly it is the last member and nothing before looks like it: then the payload, which
/// is known to be JSON, need not be read once more.
std::string without_id(std::string_view payload) {
  constexpr std::string_view k_last = R"(,"tether_id":")";
  const std::size_t at = std::min(payload.rfind(k_last), payload.size());
  const std::string_view before = payload.substr(0, at);
  const std::string_view behind = payload.substr(std::min(at + k_last.size(), payload.size()));
  const bool is_last = behind.size() >= 2 && behind.find('"') == behind.size() - 2;
  const bool is_only = before.find(k_id_field) == before.npos && before.find('\\') == before.npos;
  if (!is_last || !is_only) return without_member(payload, k_id_field);
  std::string fields;
  fields.reserve(before.size() + 1);
  return fields.append(before).append("}");
}

Snapshot read_snapshot(JsonReader& reader) {
  Snapshot snapshot;
  std::optional<bool> deleted;
  reader.object([&](std::string_view field) {
    if (field == "entity_id") {
      snapshot.key.id = read_entity_id(reader);
    } else if (field == "model") {
      snapshot.key.model = read_model(reader);
    } else if (field == "operation") {
      deleted = read_deleted(reader);
    } else if (field == "payload") {
      snapshot.payload = without_id(reader.payload());
    } else if (field == "rev") {
      const auto rev = read_optional_integer(reader);
      snapshot.rev = rev ? std::optional(Rev{*rev}) : std::nullopt;
    } else if (field == "updated_at") {
      snapshot.updated_at_us = read_optional_integer(reader);
    } else if (field == "updated_by") {
      snapshot.updated_by = read_optional(reader, read_client_id);
    } else {
      reader.value();
    }
  });
  if (snapshot.key.id.value.empty()) reader.fail_missing("entity_id");
  if (snapshot.key.model.value.empty()) reader.fail_missing("model");
  if (!deleted) reader.fail_missing("operation");
  snapshot.deleted = *deleted;
  return snapshot;
}

PullReply read_pull_reply(JsonReader& reader) {
  PullReply reply;
  bool has_snapshots = false;
  reader.object([&](std::string_view field) {
    if (field == "snapshots") {
      has_snapshots = true;
      read_list(reader, [&] { reply.snapshots.push_back(read_snapshot(reader)); });
    } else if (field == "new_sync_cursor") {
      reply.new_cursor = read_cursor(reader);
    } else if (field == "has_more") {
      reply.has_more = read_flag(reader);
    } else if (field == "reset") {
      reply.reset = read_flag(reader);
    } else if (field == "epoch") {
      reply.epoch = read_optional_text(reader);
    } else if (field == "horizon") {
      reply.horizon_us = read_optional_integer(reader);
    } else if (field == "view") {
      reply.view = read_optional_text(reader);
    } else if (field == "overwritten") {
      read_list(reader, [&] { reply.overwritten.push_back(read_overwrite(reader)); });
    } else {
      reader.value();
    }
  });
  // An error in JSON, sent with status 200 by some proxy, must not pass for "nothing new".
  if (!has_snapshots) reader.fail_missing("snapshots");
  return reply;
}

/// `payload` with tether_id as its last member.
void write_payload(std::string& out, std::string_view payload, std::string_view entity_id) {
  const std::size_t closing = payload.rfind('}');
  out += payload.substr(0, payload.find_last_not_of(" \t\r\n", closing - 1) + 1);
  JsonWriter(out).key(k_id_field).text(entity_id).end_object();
}

/// Begins a snapshot; what is optional in it follows. A page is a thousand of these: what stands between two values is
/// written at once.
JsonWriter begin_snapshot(std::string& out, std::string_view model, std::string_view entity_id, bool deleted,
                          std::string_view payload) {
  JsonWriter writer(out);
  writer.begin_object();
  out += R"("entity_id":)";
  append_json_quoted(out, entity_id);
  out += R"(,"model":)";
  append_json_quoted(out, model);
  if (deleted) {
    out += R"(,"operation":"delete","payload":{})";
  } else {
    out += R"(,"operation":"upsert","payload":)";
    write_payload(out, payload, entity_id);
  }
  return writer;
}

}  // namespace

std::string encode(const PullRequest& request) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object();
  writer.key("client_id").text(request.client_id.value);
  writer.key("last_sync_cursor");
  if (request.cursor) {
    writer.number(request.cursor->value);
  } else {
    writer.raw("null");
  }
  if (request.limit) writer.key("limit").number(*request.limit);
  if (request.skip_own) writer.key("skip_own").boolean(true);
  if (!request.models.empty()) {
    writer.key("models").begin_array();
    for (const ModelName& model : request.models) writer.text(model.value);
    writer.end_array();
  }
  if (request.fresh) writer.key("fresh").boolean(true);
  if (request.full) writer.key("full").boolean(*request.full);
  if (request.horizon_us) writer.key("horizon").number(*request.horizon_us);
  if (!request.view.empty()) writer.key("view").text(request.view);
  writer.end_object();
  return out;
}

PullRequest decode_pull_request(std::string_view body, const Limits& limits) {
  return reading_request(body, limits, read_pull_request);
}

PullReplyWriter::PullReplyWriter(std::size_t bytes_expected) {
  out_.reserve(bytes_expected);
  out_ += R"({"snapshots":[)";
}

void PullReplyWriter::snapshot(std::string_view model, std::string_view entity_id, bool deleted,
                               std::string_view payload, Rev rev, std::int64_t updated_at_us,
                               std::string_view updated_by) {
  JsonWriter writer = begin_snapshot(out_, model, entity_id, deleted, payload);
  writer.key("rev").number(rev.value);
  writer.key("updated_at").number(updated_at_us);
  if (!updated_by.empty()) writer.key("updated_by").text(updated_by);
  writer.end_object();
}

void PullReplyWriter::snapshot(const Snapshot& row) {
  JsonWriter writer = begin_snapshot(out_, row.key.model.value, row.key.id.value, row.deleted, row.payload);
  if (row.rev) writer.key("rev").number(row.rev->value);
  if (row.updated_at_us) writer.key("updated_at").number(*row.updated_at_us);
  if (row.updated_by) writer.key("updated_by").text(row.updated_by->value);
  writer.end_object();
}

void PullReplyWriter::overwritten(const OverwriteReport& report) {
  JsonWriter writer(overwritten_);
  if (overwritten_.empty()) writer.begin_array();
  write_overwrite(writer, report);
}

std::string PullReplyWriter::finish(const End& end) && {
  JsonWriter writer(out_);
  writer.end_array();
  // In front of how the page ends, so that this can be guessed.
  if (!overwritten_.empty()) writer.key("overwritten").raw(overwritten_).end_array();
  writer.key("new_sync_cursor");
  if (end.new_cursor) {
    writer.number(end.new_cursor->value);
  } else {
    writer.raw("null");
  }
  writer.key("has_more").boolean(end.has_more);
  writer.key("reset").boolean(end.reset);
  if (!end.epoch.empty()) writer.key("epoch").text(end.epoch);
  if (end.horizon_us) writer.key("horizon").number(*end.horizon_us);
  if (!end.view.empty()) writer.key("view").text(end.view);
  writer.end_object();
  return std::move(out_);
}

std::string encode(const PullReply& reply) {
  std::size_t bytes = k_snapshot_bytes;
  for (const Snapshot& row : reply.snapshots) bytes += k_snapshot_bytes + row.payload.size();
  PullReplyWriter writer(bytes);
  for (const Snapshot& row : reply.snapshots) writer.snapshot(row);
  for (const OverwriteReport& report : reply.overwritten) writer.overwritten(report);
  return std::move(writer).finish({.new_cursor = reply.new_cursor,
                                   .has_more = reply.has_more,
                                   .reset = reply.reset,
                                   .epoch = reply.epoch,
                                   .horizon_us = reply.horizon_us,
                                   .view = reply.view});
}

PullReply decode_pull_reply(std::string_view body) {
  return reading_reply(body, "pull", read_pull_reply);
}

std::optional<PullReply> guess_pull_end(std::string_view body) {
  const std::string_view behind = body.substr(std::min(body.rfind(']'), body.size() - 1) + 1);
  try {
    return decode_pull_reply(std::string(R"({"snapshots":[])").append(behind));
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace tether::protocol
