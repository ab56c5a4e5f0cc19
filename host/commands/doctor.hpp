// `qwen doctor [--online] [--bundle FILE]`: looks at everything a run depends on and says of each what is wrong and what to do.
//
// Offline unless asked; shows no secret, only last characters and a fingerprint; the exit status is that of the worst finding.
#pragma once

#include "host/provider_setup.hpp"

namespace qwen::host {

[[nodiscard]] int run_doctor(const CommandRun& run);
/// Without a usable policy nothing else is looked at: the finding is the policy.
[[nodiscard]] int run_doctor_without_policy(const Error& invalid, const Speech& speech);

}  // namespace qwen::host
