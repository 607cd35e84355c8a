// SPDX-License-Identifier: MIT
// What a push would send and what a pull would bring, without doing either.
#pragma once

#include "cmd/context.hpp"
#include "cmd/sync_session.hpp"

namespace tether::cmd {

/// The push side asks the server what it would do with what is pending, or, without a server or with --offline, lists
/// it; the pull side asks for one page and stores nothing of it.
ExitCode run_dry(Context& context, const CycleOptions& options);

}  // namespace tether::cmd
