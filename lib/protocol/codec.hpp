// SPDX-License-Identifier: MIT
// The wire as text: the one place that knows field names. Reading is strict about types and indifferent to unknown
// fields; every error is a FieldError (invalid_input, or too_large over a limit) and names the path of the field that
// is wrong, as in `mutations[3].mutation_id`. A malformed mutation of a push is no error of the request while it can be
// named: it is read as the refusal that answers it. Payloads are checked and kept as the text that arrived.
#pragma once

#include <string>
#include <string_view>

#include "protocol/field_error.hpp"
#include "protocol/limits.hpp"
#include "protocol/messages.hpp"

namespace tether::protocol {

std::string encode(const PushRequest& request);
PushRequest decode_push_request(std::string_view body, const Limits& limits);

std::string encode(const PushReply& reply);
/// Throws Error(unexpected_reply) for what is not a reply of the protocol; so does decode_pull_reply.
PushReply decode_push_reply(std::string_view body);

std::string encode(const PullRequest& request);
PullRequest decode_pull_request(std::string_view body, const Limits& limits);

std::string encode(const PullReply& reply);
PullReply decode_pull_reply(std::string_view body);
/// What a pull reply says behind its snapshots, which are left out: found without reading them, so that the next page
/// can be asked for before this one is decoded. It is a guess, as the order of members is the server's own; nothing
/// where it cannot be made.
std::optional<PullReply> guess_pull_end(std::string_view body);

/// Writes a pull reply row by row, without a struct in between: the server's way.
class PullReplyWriter {
 public:
  /// `bytes_expected`: of the whole text, to reserve memory.
  explicit PullReplyWriter(std::size_t bytes_expected = 0);
  /// `payload` is the stored text; tether_id is added here. For a deleted row the payload is `{}`. `updated_by` may be
  /// empty: not said.
  void snapshot(std::string_view model, std::string_view entity_id, bool deleted, std::string_view payload, Rev rev,
                std::int64_t updated_at_us, std::string_view updated_by);
  void snapshot(const Snapshot& row);
  void overwritten(const OverwriteReport& report);
  std::size_t bytes_of_overwritten() const { return overwritten_.size(); }
  std::size_t bytes() const { return out_.size(); }
  struct End {
    std::optional<Cursor> new_cursor;
    bool has_more = false;
    bool reset = false;
    std::string_view epoch;
    std::optional<std::int64_t> horizon_us;
    std::string_view view;
  };
  std::string finish(const End& end) &&;

 private:
  std::string out_;
  std::string overwritten_;  // the array without its end; empty: nothing was
};

std::string encode(const ServerInfo& info, const Limits& limits);
ServerInfo decode_server_info(std::string_view body);

/// The object `data` of a conflict as it goes over the wire and into the logs on both sides, and back.
std::string encode_conflict_data(const ConflictReport& report);
ConflictReport decode_conflict_data(MutationId id, std::string_view data);
/// The same for what a merge lost.
std::string encode_loss_data(const LossReport& report);
LossReport decode_loss_data(MutationId id, std::string_view data);
/// The whole of what is told of something overwritten.
std::string encode_overwrite(const OverwriteReport& report);
/// Of an array of them.
std::vector<OverwriteReport> decode_overwrites(std::string_view data);

/// Names that come from outside. Each returns its strong type or throws Error(invalid_input) naming `path`.
ModelName parse_model(std::string_view text, std::string_view path);
EntityId parse_entity_id(std::string_view text, std::string_view path);
MutationId parse_mutation_id(std::string_view text, std::string_view path);
ClientId parse_client_id(std::string_view text, std::string_view path);

/// One line of `tether record --stdin`: {"op","model","id"?,"payload"?}; update and delete need an id.
struct RecordLine {
  Operation operation = Operation::create;
  ModelName model;
  std::optional<EntityId> id;
  std::string payload = "{}";
};

/// Throws FieldError for a line that is no such object, also for one with further fields.
class RecordLineReader {
 public:
  RecordLine read(std::string_view line) const;
};

}  // namespace tether::protocol
