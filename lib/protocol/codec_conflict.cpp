// SPDX-License-Identifier: MIT
// The object `data` of a conflict, and what a merge lost.
#include "protocol/codec_conflict.hpp"

#include "base/clock.hpp"
#include "protocol/codec.hpp"
#include "protocol/json_writer.hpp"

namespace tether::protocol {

namespace {

/// When the server took the change that stands; shown to people, decides nothing. What is no time counts as unknown.
std::int64_t read_time_us(JsonReader& reader) {
  if (reader.kind() != JsonReader::Kind::string) {
    reader.value();
    return 0;
  }
  try {
    return to_us(parse_rfc3339(reader.string()));
  } catch (const FieldError&) {
    throw;
  } catch (const Error&) {
    return 0;
  }
}

void write_names(JsonWriter& writer, const std::vector<std::string>& names) {
  writer.key("fields").begin_array();
  for (const std::string& name : names) writer.text(name);
  writer.end_array();
}

void write_who(JsonWriter& writer, const ClientId& client, bool by_program) {
  if (!client.value.empty()) writer.key("server_written_by").text(client.value);
  if (by_program) writer.key("by_program").boolean(true);
}

}  // namespace

void write_conflict_data(JsonWriter& writer, const ConflictReport& report) {
  writer.begin_object();
  writer.key("server_state").raw(report.server_state);
  writer.key("server_updated_at").text(rfc3339_us(from_us(report.server_updated_at_us)));
  if (report.server_rev) writer.key("server_rev").number(report.server_rev->value);
  write_names(writer, report.fields);
  writer.key("deleted").boolean(report.deleted);
  write_who(writer, report.server_written_by, report.by_program);
  writer.end_object();
}

void write_loss(JsonWriter& writer, const LossReport& report) {
  writer.begin_object();
  write_names(writer, report.fields);
  writer.key("sent").raw(report.sent).key("stands").raw(report.stands);
  if (report.deleted) writer.key("deleted").boolean(true);
  if (report.server_updated_at_us > 0) {
    writer.key("server_updated_at").text(rfc3339_us(from_us(report.server_updated_at_us)));
  }
  write_who(writer, report.server_written_by, report.by_program);
  writer.end_object();
}

void read_conflict_data(JsonReader& reader, ConflictReport& report) {
  if (reader.kind() != JsonReader::Kind::object) {
    reader.payload();  // [] and null: the server says nothing about it
    return;
  }
  reader.object([&](std::string_view field) {
    if (field == "server_state") {
      report.server_state = reader.payload();
    } else if (field == "server_updated_at") {
      report.server_updated_at_us = read_time_us(reader);
    } else if (field == "server_rev") {
      const auto rev = read_optional_integer(reader);
      report.server_rev = rev ? std::optional(Rev{*rev}) : std::nullopt;
    } else if (field == "fields") {
      report.fields.clear();
      read_list(reader, [&] { report.fields.push_back(reader.string()); });
    } else if (field == "deleted") {
      report.deleted = read_flag(reader);
    } else if (field == "server_written_by") {
      report.server_written_by.value = read_optional_text(reader);
    } else if (field == "by_program") {
      report.by_program = read_flag(reader);
    } else {
      reader.value();
    }
  });
}

void read_loss(JsonReader& reader, LossReport& report) {
  reader.object([&](std::string_view field) {
    if (field == "fields") {
      report.fields.clear();
      read_list(reader, [&] { report.fields.push_back(reader.string()); });
    } else if (field == "sent") {
      report.sent = reader.payload();
    } else if (field == "stands") {
      report.stands = reader.payload();
    } else if (field == "deleted") {
      report.deleted = read_flag(reader);
    } else if (field == "server_updated_at") {
      report.server_updated_at_us = read_time_us(reader);
    } else if (field == "server_written_by") {
      report.server_written_by.value = read_optional_text(reader);
    } else if (field == "by_program") {
      report.by_program = read_flag(reader);
    } else {
      reader.value();
    }
  });
}

std::string encode_conflict_data(const ConflictReport& report) {
  std::string out;
  JsonWriter writer(out);
  write_conflict_data(writer, report);
  return out;
}

ConflictReport decode_conflict_data(MutationId id, std::string_view data) {
  ConflictReport report;
  report.mutation_id = std::move(id);
  JsonReader reader(data, "data");
  read_conflict_data(reader, report);
  reader.end();
  return report;
}

std::string encode_loss_data(const LossReport& report) {
  std::string out;
  JsonWriter writer(out);
  write_loss(writer, report);
  return out;
}

LossReport decode_loss_data(MutationId id, std::string_view data) {
  LossReport report;
  report.mutation_id = std::move(id);
  JsonReader reader(data, "lost");
  read_loss(reader, report);
  reader.end();
  return report;
}

}  // namespace tether::protocol
