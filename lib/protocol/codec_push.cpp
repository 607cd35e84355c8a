// SPDX-License-Identifier: MIT
// Push: the request and its reply.
#include <fmt/format.h>

#include <unordered_set>

#include "base/utf8.hpp"
#include "protocol/codec.hpp"
#include "protocol/codec_conflict.hpp"
#include "protocol/fields.hpp"
#include "protocol/json_writer.hpp"

namespace tether::protocol {

namespace {

constexpr std::size_t k_mutation_bytes = 256;              // of a mutation beside its payload, about: to reserve memory
constexpr std::size_t k_echoed_bytes_max = 255;            // of an id that is none, and of the path of what is wrong
constexpr std::string_view k_whole_mutation = "mutation";  // the path of what is wrong, where that is no field

Mutation read_mutation(JsonReader& reader) {
  Mutation mutation;
  std::optional<Operation> operation;
  std::optional<std::int64_t> version;
  std::optional<std::int64_t> timestamp_ms;
  reader.object([&](std::string_view field) {
    if (field == "mutation_id") {
      mutation.mutation_id = read_mutation_id(reader);
    } else if (field == "entity_id") {
      mutation.entity_id = read_entity_id(reader);
    } else if (field == "model") {
      mutation.model = read_model(reader);
    } else if (field == "operation") {
      operation = read_operation(reader);
    } else if (field == "payload") {
      mutation.payload = reader.payload();
    } else if (field == "version") {
      version = reader.integer();
    } else if (field == "timestamp") {
      timestamp_ms = reader.integer();
    } else if (field == "base_rev") {
      const auto rev = read_optional_integer(reader);
      mutation.base_rev = rev ? std::optional(Rev{*rev}) : std::nullopt;
    } else if (field == "before") {
      mutation.before = read_optional(reader, [](JsonReader& r) { return std::string(r.payload()); });
    } else {
      reader.value();
    }
  });
  if (mutation.mutation_id.value.empty()) reader.fail_missing("mutation_id");
  if (mutation.entity_id.value.empty()) reader.fail_missing("entity_id");
  if (mutation.model.value.empty()) reader.fail_missing("model");
  if (!operation) reader.fail_missing("operation");
  if (!version) reader.fail_missing("version");
  if (!timestamp_ms) reader.fail_missing("timestamp");
  mutation.operation = *operation;
  mutation.version = *version;
  mutation.timestamp_ms = *timestamp_ms;
  return mutation;
}

/// `{"messages":{"entity_id":["must be 1 to 64 bytes"]}}`
std::string messages_data(std::string_view field, std::string_view message) {
  std::string data = R"({"messages":{)";
  append_json_quoted(data, utf8_prefix(field, k_echoed_bytes_max));
  data += ":[";
  append_json_quoted(data, message);
  return data + "]}}";
}

/// The id of a mutation that is wrong somewhere. What its strings hold does not matter here: it may be what is wrong.
std::string id_of_malformed(JsonReader& reader) {
  std::optional<std::string> id;
  reader.allow_broken_text(true);
  reader.object([&](std::string_view field) {
    if (field == "mutation_id") {
      reader.allow_broken_text(false);  // without an id no answer can be given
      id = reader.string();
      reader.allow_broken_text(true);
    } else {
      reader.skip();
    }
  });
  reader.allow_broken_text(false);
  if (!id) reader.fail_missing("mutation_id");
  return *id;
}

/// The answer to a mutation in which `fault` was found. Without an id none can be given, and the request as a whole is
/// malformed; so it is where the mutation's end cannot be told.
Rejection refusal(JsonReader& reader, const FieldError& fault) {
  const std::size_t path_bytes = reader.path().size();
  const std::string id = id_of_malformed(reader);
  const std::string_view path = fault.path();
  const std::string_view field = path.size() > path_bytes ? path.substr(path_bytes + 1) : k_whole_mutation;
  return {MutationId{std::string(utf8_prefix(id, k_echoed_bytes_max))}, std::string(reason::k_validation_failed),
          messages_data(field, fault.message())};
}

/// One that is wrong does not hold up the others: a client that sends its batch again unchanged would be stuck for
/// ever.
void read_mutations(JsonReader& reader, std::size_t mutations_max, PushRequest& request) {
  reader.array([&] {
    if (request.mutations.size() + request.malformed.size() == mutations_max) {
      reader.fail(fmt::format("more than {} mutations in one request", mutations_max), ErrorCode::too_large);
    }
    const JsonReader::Place start = reader.place();
    try {
      request.mutations.push_back(read_mutation(reader));
    } catch (const FieldError& fault) {
      reader.go_back(start);
      request.malformed.push_back(refusal(reader, fault));
    }
  });
}

/// An id is answered once, whatever else came under it.
void answer_each_id_once(PushRequest& request) {
  if (request.malformed.empty()) return;
  std::unordered_set<std::string> answered;
  for (const Mutation& mutation : request.mutations) answered.insert(mutation.mutation_id.value);
  std::erase_if(request.malformed,
                [&](const Rejection& refused) { return !answered.insert(refused.mutation_id.value).second; });
}

PushRequest read_push_request(JsonReader& reader, const Limits& limits) {
  PushRequest request;
  bool has_mutations = false;
  reader.object([&](std::string_view field) {
    if (field == "client_id") {
      request.client_id = read_client_id(reader);
    } else if (field == "mutations") {
      request.mutations.clear();
      request.malformed.clear();
      read_mutations(reader, limits.mutations_max, request);
      has_mutations = true;
    } else if (field == "sent_at") {
      request.sent_at_ms = read_optional_integer(reader);
    } else if (field == "epoch") {
      request.epoch = read_optional_text(reader);
    } else {
      reader.value();
    }
  });
  if (request.client_id.value.empty()) reader.fail_missing("client_id");
  if (!has_mutations) reader.fail_missing("mutations");
  answer_each_id_once(request);
  return request;
}

Rejection read_rejection(JsonReader& reader) {
  Rejection rejection;
  bool has_id = false;
  bool has_reason = false;
  reader.object([&](std::string_view field) {
    if (field == "mutation_id") {
      rejection.mutation_id.value = reader.string();
      has_id = true;
    } else if (field == "reason") {
      rejection.reason = reader.string();
      has_reason = true;
    } else if (field == "data") {
      rejection.data = reader.payload();
    } else {
      reader.value();
    }
  });
  if (!has_id) reader.fail_missing("mutation_id");
  if (!has_reason) reader.fail_missing("reason");
  return rejection;
}

ConflictReport read_conflict(JsonReader& reader) {
  ConflictReport report;
  reader.object([&](std::string_view field) {
    if (field == "mutation_id") {
      report.mutation_id = read_mutation_id(reader);
    } else if (field == "data") {
      read_conflict_data(reader, report);
    } else {
      reader.value();
    }
  });
  if (report.mutation_id.value.empty()) reader.fail_missing("mutation_id");
  return report;
}

std::vector<std::pair<MutationId, Rev>> read_revs(JsonReader& reader) {
  std::vector<std::pair<MutationId, Rev>> revs;
  if (reader.kind() != JsonReader::Kind::object) {
    reader.payload();  // [] and null: none
    return revs;
  }
  reader.object([&](std::string_view id) {
    MutationId mutation_id = checked_name(reader, id, parse_mutation_id);
    revs.emplace_back(std::move(mutation_id), Rev{reader.integer()});
  });
  return revs;
}

/// `{"01J…":{"fields":["title"],…}}`
std::vector<LossReport> read_losses(JsonReader& reader) {
  std::vector<LossReport> losses;
  if (reader.kind() != JsonReader::Kind::object) {
    reader.payload();  // [] and null: none
    return losses;
  }
  reader.object([&](std::string_view id) {
    LossReport& report = losses.emplace_back();
    report.mutation_id = checked_name(reader, id, parse_mutation_id);
    read_loss(reader, report);
  });
  return losses;
}

PushReply read_push_reply(JsonReader& reader) {
  PushReply reply;
  bool answers = false;
  reader.object([&](std::string_view field) {
    answers = answers || field == "applied" || field == "rejected" || field == "conflicts";
    if (field == "applied") {
      read_list(reader, [&] { reply.applied.push_back(read_mutation_id(reader)); });
    } else if (field == "rejected") {
      read_list(reader, [&] { reply.rejected.push_back(read_rejection(reader)); });
    } else if (field == "conflicts") {
      read_list(reader, [&] { reply.conflicts.push_back(read_conflict(reader)); });
    } else if (field == "revs") {
      reply.revs = read_revs(reader);
    } else if (field == "merged") {
      read_list(reader, [&] { reply.merged.push_back(read_mutation_id(reader)); });
    } else if (field == "lost") {
      reply.lost = read_losses(reader);
    } else if (field == "server_time") {
      reply.server_time_us = read_optional_integer(reader);
    } else if (field == "cursor") {
      reply.cursor = read_cursor(reader);
    } else if (field == "cursor_before") {
      reply.cursor_before = read_cursor(reader);
    } else if (field == "epoch") {
      reply.epoch = read_optional_text(reader);
    } else if (field == "preview") {
      reply.preview = read_flag(reader);
    } else {
      reader.value();
    }
  });
  // Any list may be left out when it is empty; an object with none of them answers something else.
  if (!answers) reader.fail_missing("applied");
  return reply;
}

void write_mutation(JsonWriter& writer, const Mutation& mutation) {
  writer.begin_object();
  writer.key("mutation_id").text(mutation.mutation_id.value);
  writer.key("entity_id").text(mutation.entity_id.value);
  writer.key("model").text(mutation.model.value);
  writer.key("operation").text(name(mutation.operation));
  writer.key("payload").raw(mutation.payload);
  writer.key("version").number(mutation.version);
  writer.key("timestamp").number(mutation.timestamp_ms);
  if (mutation.base_rev) writer.key("base_rev").number(mutation.base_rev->value);
  if (mutation.before) writer.key("before").raw(*mutation.before);
  writer.end_object();
}

void write_ids(JsonWriter& writer, std::string_view key, const std::vector<MutationId>& ids) {
  writer.key(key).begin_array();
  for (const MutationId& id : ids) writer.text(id.value);
  writer.end_array();
}

void write_rejection(JsonWriter& writer, const Rejection& rejection) {
  writer.begin_object();
  writer.key("mutation_id").text(rejection.mutation_id.value);
  writer.key("reason").text(rejection.reason);
  writer.key("data").raw(rejection.data).end_object();
}

void write_conflict(JsonWriter& writer, const ConflictReport& report) {
  writer.begin_object();
  writer.key("mutation_id").text(report.mutation_id.value);
  writer.key("reason").text("conflict");
  writer.key("data");
  write_conflict_data(writer, report);
  writer.end_object();
}

void write_losses(JsonWriter& writer, const std::vector<LossReport>& losses) {
  if (losses.empty()) return;
  writer.key("lost").begin_object();
  for (const LossReport& report : losses) {
    writer.key(report.mutation_id.value);
    write_loss(writer, report);
  }
  writer.end_object();
}

}  // namespace

std::string encode(const PushRequest& request) {
  std::size_t bytes = k_mutation_bytes;
  for (const Mutation& m : request.mutations)
    bytes += k_mutation_bytes + m.payload.size() + m.before.value_or("").size();
  std::string out;
  out.reserve(bytes);
  JsonWriter writer(out);
  writer.begin_object();
  writer.key("client_id").text(request.client_id.value);
  writer.key("mutations").begin_array();
  for (const Mutation& mutation : request.mutations) write_mutation(writer, mutation);
  writer.end_array();
  if (request.sent_at_ms) writer.key("sent_at").number(*request.sent_at_ms);
  if (!request.epoch.empty()) writer.key("epoch").text(request.epoch);
  writer.end_object();
  return out;
}

PushRequest decode_push_request(std::string_view body, const Limits& limits) {
  return reading_request(body, limits, [&](JsonReader& reader) { return read_push_request(reader, limits); });
}

std::string encode(const PushReply& reply) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object();
  write_ids(writer, "applied", reply.applied);
  writer.key("rejected").begin_array();
  for (const Rejection& rejection : reply.rejected) write_rejection(writer, rejection);
  writer.end_array();
  writer.key("conflicts").begin_array();
  for (const ConflictReport& report : reply.conflicts) write_conflict(writer, report);
  writer.end_array();
  writer.key("revs").begin_object();
  for (const auto& [id, rev] : reply.revs) writer.key(id.value).number(rev.value);
  writer.end_object();
  write_ids(writer, "merged", reply.merged);
  write_losses(writer, reply.lost);
  if (reply.server_time_us) writer.key("server_time").number(*reply.server_time_us);
  if (reply.cursor_before) writer.key("cursor_before").number(reply.cursor_before->value);
  if (reply.cursor) writer.key("cursor").number(reply.cursor->value);
  if (!reply.epoch.empty()) writer.key("epoch").text(reply.epoch);
  if (reply.preview) writer.key("preview").boolean(true);
  writer.end_object();
  return out;
}

PushReply decode_push_reply(std::string_view body) {
  return reading_reply(body, "push", read_push_reply);
}

}  // namespace tether::protocol
