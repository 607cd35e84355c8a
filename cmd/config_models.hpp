// SPDX-License-Identifier: MIT
// `tether config models.…`: how the fields of a model go to the server.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "cmd/context.hpp"

namespace tether::cmd {

bool is_model_setting(std::string_view name);

/// All that are stored, by name.
std::map<std::string, std::string, std::less<>> model_settings(replica::File& file);
std::string model_setting_json(std::string_view name, std::string_view value);

ExitCode show_model_setting(Context& context, const std::string& name);
/// Error(locked) while another tether syncs the file.
ExitCode store_model_setting(Context& context, const std::string& name, const std::string& value);
ExitCode unset_model_setting(Context& context, const std::string& name);

}  // namespace tether::cmd
