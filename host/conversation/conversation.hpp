// `qwen` on a terminal: questions and answers until the person leaves.
#pragma once

#include "host/provider_setup.hpp"

namespace qwen::host {

/// Whether this run is a conversation: nothing was asked on the command line, and a person sits at both ends.
[[nodiscard]] bool is_conversation(const Options& options, const TerminalFacts& terminal);

/// Offers to sign in first when nothing is configured. Returns the exit status: 0 when the person left.
[[nodiscard]] int run_conversation(const CommandRun& run);

}  // namespace qwen::host
