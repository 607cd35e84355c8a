// SPDX-License-Identifier: MIT
// The object `data` of a conflict, what a merge lost, and what was overwritten later.
#include "protocol/codec_conflict.hpp"

#include "base/clock.hpp"
#include "protocol/codec.hpp"
#include "protocol/json_writer.hpp"

namespace tether::protocol {

namespace {

constexpr std::int64_t k_year_10000_ms = 253'402'300'800'000;

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

void write_overwrite(JsonWriter& writer, const OverwriteReport& report) {
  writer.begin_object();
  writer.key("mutation_id").text(report.mutation_id.value);
  writer.key("entity_id").text(report.key.id.value).key("model").text(report.key.model.value);
  writer.key("version").number(report.version);
  const bool is_time =
      report.written_at_ms > 0 && report.written_at_ms < k_year_10000_ms;  // as its client's clock had it
  if (is_time) writer.key("written_at").text(rfc3339_ms(from_ms(report.written_at_ms)));
  write_names(writer, report.fields);
  writer.key("lost").raw(report.lost);
  if (report.deleted) writer.key("deleted").boolean(true);
  if (report.server_updated_at_us > 0) {
    writer.key("server_updated_at").text(rfc3339_us(from_us(report.server_updated_at_us)));
  }
  write_who(writer, report.server_written_by, report.by_program);
  writer.end_object();
}

OverwriteReport read_overwrite(JsonReader& reader) {
  OverwriteReport report;
  reader.object([&](std::string_view field) {
    if (field == "mutation_id") {
      report.mutation_id = read_mutation_id(reader);
    } else if (field == "entity_id") {
      report.key.id = read_entity_id(reader);
    } else if (field == "model") {
      report.key.model = read_model(reader);
    } else if (field == "version") {
      report.version = read_optional_integer(reader).value_or(0);
    } else if (field == "written_at") {
      report.written_at_ms = read_time_us(reader) / 1000;
    } else if (field == "fields") {
      report.fields.clear();
      read_list(reader, [&] { report.fields.push_back(reader.string()); });
    } else if (field == "lost") {
      report.lost = reader.payload();
    } else if (field == "deleted") {
      report.deleted = read_flag(reader);
    } else if (field == "server_written_by") {
      report.server_written_by.value = read_optional_text(reader);
    } else if (field == "server_updated_at") {
      report.server_updated_at_us = read_time_us(reader);
    } else if (field == "by_program") {
      report.by_program = read_flag(reader);
    } else {
      reader.value();
    }
  });
  if (report.mutation_id.value.empty()) reader.fail_missing("mutation_id");
  if (report.key.id.value.empty()) reader.fail_missing("entity_id");
  if (report.key.model.value.empty()) reader.fail_missing("model");
  return report;
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

std::string encode_overwrite(const OverwriteReport& report) {
  std::string out;
  JsonWriter writer(out);
  write_overwrite(writer, report);
  return out;
}

std::vector<OverwriteReport> decode_overwrites(std::string_view data) {
  std::vector<OverwriteReport> reports;
  JsonReader reader(data, "overwritten");
  read_list(reader, [&] { reports.push_back(read_overwrite(reader)); });
  reader.end();
  return reports;
}

}  // namespace tether::protocol
