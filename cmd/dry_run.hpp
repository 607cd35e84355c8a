// SPDX-License-Identifier: MIT
// What a push would send and what a pull would bring, without doing either.
#pragma once

#include "cmd/context.hpp"
#include "cmd/sync_session.hpp"

namespace tether::cmd {

/// The push side is local; the pull side asks the server for one page and stores nothing of it.
ExitCode run_dry(Context& context, const CycleOptions& options);

}  // namespace tether::cmd
