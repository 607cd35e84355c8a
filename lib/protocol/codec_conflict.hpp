// SPDX-License-Identifier: MIT
// The object `data` of a conflict, and what a merge lost, as parts of a push reply; what was overwritten, as part of a
// pull reply.
#pragma once

#include "protocol/fields.hpp"
#include "protocol/json_writer.hpp"

namespace tether::protocol {

void write_conflict_data(JsonWriter& writer, const ConflictReport& report);
void read_conflict_data(JsonReader& reader, ConflictReport& report);
void write_loss(JsonWriter& writer, const LossReport& report);
void read_loss(JsonReader& reader, LossReport& report);
void write_overwrite(JsonWriter& writer, const OverwriteReport& report);
OverwriteReport read_overwrite(JsonReader& reader);

}  // namespace tether::protocol
