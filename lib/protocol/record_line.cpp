// SPDX-License-Identifier: MIT
// Lines of `tether record --stdin`.
#include "protocol/codec.hpp"
#include "protocol/fields.hpp"

namespace tether::protocol {

RecordLine RecordLineReader::read(std::string_view line) const {
  RecordLine record;
  std::optional<Operation> operation;
  JsonReader reader(line);
  reader.object([&](std::string_view field) {
    if (field == "op") {
      operation = read_operation(reader);
    } else if (field == "model") {
      record.model = read_model(reader);
    } else if (field == "id") {
      record.id = read_optional(reader, read_entity_id);
    } else if (field == "payload") {
      record.payload = reader.payload();
    } else {
      // On the wire an unknown field is passed over; here it is a slip of the pen that would lose what was meant.
      reader.fail("is no field of a line: these are op, model, id and payload");
    }
  });
  reader.end();
  if (!operation) reader.fail_missing("op");
  if (record.model.value.empty()) reader.fail_missing("model");
  if (*operation != Operation::create && !record.id) reader.fail_missing("id");
  record.operation = *operation;
  return record;
}

}  // namespace tether::protocol
