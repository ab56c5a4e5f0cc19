// `qwen trust origin URL [--remove]`, `qwen trust origin --list`: a person's standing yes to "may this key go there?".
#pragma once

#include "host/provider_setup.hpp"

namespace qwen::host {

/// Grants the key in use, and no other, to the URL's origin; sends nothing. Returns the exit status.
[[nodiscard]] int run_trust_origin(const CommandRun& run);

}  // namespace qwen::host
