// `qwen policy show | test | lint`: lets an operations team see and prove what their files do, without sending anything.
#pragma once

#include <vector>

#include "core/config/policy.hpp"
#include "host/commands/command_report.hpp"
#include "host/plugin/plugin_host.hpp"

namespace qwen::host {

/// Every rule with its place. Each of the three returns the process's exit status.
[[nodiscard]] int run_policy_show(const config::Policy& policy, const Speech& speech);
/// --provider, --method, --model and --origin of `options` put to the policy: 0 allowed, 7 denied by the rule named.
[[nodiscard]] int run_policy_test(const config::Policy& policy, const Options& options, const std::vector<plugin::DescribedPlugin>& plugins,
                                  const plugin::PluginHost& host, const Speech& speech);
/// Whether the file named by the operand would be understood; owner and mode are not looked at, so that a package build can run it.
[[nodiscard]] int run_policy_lint(const Options& options, const Speech& speech);

}  // namespace qwen::host
