// SPDX-License-Identifier: MIT
#include "service/loss_commands.hpp"

#include <algorithm>

#include "authority/losses.hpp"
#include "base/clock.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/payload.hpp"
#include "service/commands.hpp"
#include "service/listing.hpp"
#include "service/models_file.hpp"

namespace tether::service {

namespace {

using authority::Loss;

bool is_redacted(const rules::Model& model, const std::string& field) {
  const auto renamed = std::ranges::find_if(model.rename, [&](const auto& names) { return names.first == field; });
  const auto is_named = [&](const std::string& name) { return std::ranges::count(model.redact, name) > 0; };
  return is_named(field) || (renamed != model.rename.end() && is_named(renamed->second));
}

/// By the names that are stored, and by those on the wire: what was refused stands there as it was sent.
std::string redacted_fields(const rules::Model& model, std::string_view payload) {
  protocol::ObjectWriter shown;
  for (const protocol::Member& member : protocol::members(payload)) {
    const bool redacted = is_redacted(model, protocol::unescaped(member.key));
    shown.member(member.key, redacted ? "\"***\"" : member.value);
  }
  return std::move(shown).finish();
}

/// The record that a conflict was decided against stands in what the writer was answered.
std::string redacted_answer(const rules::Model& model, std::string_view answer) {
  protocol::ObjectWriter shown;
  for (const protocol::Member& member : protocol::members(answer)) {
    const bool is_record = protocol::unescaped(member.key) == "server_state";
    shown.member(member.key, is_record ? redacted_fields(model, member.value) : std::string(member.value));
  }
  return std::move(shown).finish();
}

Loss as_shown(const rules::Models& models, Loss loss) {
  const rules::Model* model = models.find(loss.model.value);
  if (model == nullptr || model->redact.empty()) return loss;
  loss.payload = redacted_fields(*model, loss.payload);
  if (loss.why == "conflict") loss.detail = redacted_answer(*model, loss.detail);
  return loss;
}

std::string as_json(const Loss& loss) {
  std::string out;
  protocol::JsonWriter json(out);
  json.begin_object();
  write_time(json, "decided_at", loss.decided_us / 1000);
  json.key("model").text(loss.model.value).key("id").text(loss.entity_id.value);
  json.key("why").text(loss.why).key("mutation_id").text(loss.mutation_id.value);
  json.key("written_by").text(loss.written_by.value);
  write_time(json, "written_at", loss.written_ms);
  json.key("won_by");
  if (loss.won_by.value.empty()) {
    json.raw("null");
  } else {
    json.text(loss.won_by.value);
  }
  json.key("payload").raw(protocol::without_white_space(loss.payload));
  json.key("detail").raw(protocol::without_white_space(loss.detail));
  json.key("deleted").boolean(loss.deleted).end_object();
  return out;
}

void write_text(const Loss& loss, std::ostream& out) {
  out << rfc3339_ms(from_ms(loss.decided_us / 1000)) << "  " << printable(loss.model.value) << " "
      << printable(loss.entity_id.value) << "  " << loss.why;
  if (!loss.won_by.value.empty()) out << " by " << printable(loss.won_by.value);
  out << " (mutation " << printable(loss.mutation_id.value) << ")\n  " << (loss.deleted ? "deleted" : "written")
      << " by " << printable(loss.written_by.value) << " at " << rfc3339_ms(from_ms(loss.written_ms)) << ": "
      << printable(protocol::without_white_space(loss.payload)) << "\n";
}

}  // namespace

int list_losses(const Options& options, const LossRequest& request, bool json, std::ostream& out) {
  const auto models = load_models(options.models);
  const auto store = open_migrated_store(options);
  const authority::LossFilter filter{Scope{request.scope}, ModelName{request.model}, EntityId{request.id}};
  bool any = false;
  sql::in_transaction(*store, sql::Access::read, [&](sql::Transaction& transaction) {
    authority::losses(transaction, filter, [&](const Loss& found) {
      any = true;
      const Loss loss = as_shown(*models, found);
      if (json) {
        out << as_json(loss) << "\n";
      } else {
        write_text(loss, out);
      }
    });
  });
  if (!any && !json) out << "nothing was lost\n";
  return k_exit_done;
}

}  // namespace tether::service
