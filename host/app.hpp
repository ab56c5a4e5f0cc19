// The composition root: makes what a command needs and calls it. Nothing here decides anything a command could decide.
#pragma once

#include "core/config/policy_file.hpp"
#include "core/system/environment.hpp"
#include "host/cli/arguments.hpp"

namespace qwen::host {

struct Outcome {
    int status = 0;
    /// The signal that ended the run, to die of; 0: none.
    int signal = 0;
};

/// Runs one command line under the policy found at `policy_places`, which nothing the user says can move: main compiles it in. Reads and writes the
/// standard streams; never throws but std::bad_alloc.
[[nodiscard]] Outcome run(Arguments& arguments, const system::Environment& environment, const config::PolicyPlaces& policy_places);

}  // namespace qwen::host
