// SPDX-License-Identifier: MIT
// A person's editor on a file, chosen and started as git does.
#pragma once

#include <string>

#include "cmd/settings.hpp"

namespace tether::cmd {

/// $VISUAL, else $EDITOR, else vi. A terminal that can only print lines ($TERM unset or `dumb`) has no use for $VISUAL
/// and vi: Error(usage) where nothing else is set.
std::string editor_command(const Environment& environment);

/// Opens `path` and waits until the editor ends; `command` may hold options, as a shell reads them. Ctrl-C belongs to
/// the editor meanwhile. Throws Error(io) where it ended with anything but 0.
void run_editor(const std::string& command, const std::string& path);

}  // namespace tether::cmd
