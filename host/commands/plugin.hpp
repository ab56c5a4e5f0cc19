// `qwen plugin`: what is installed, what a file is, and why it is used or not. Only `check` runs code of a plugin, in processes of another program.
#pragma once

#include "host/provider_setup.hpp"

namespace qwen::host {

/// `plugin list`: every plugin file, with the decision. Exit status 0.
[[nodiscard]] int run_plugin_list(const CommandRun& run);
/// `plugin inspect FILE|ID`: what a file says of itself, wherever it is, and what would become of it. 0 when it is a plugin.
[[nodiscard]] int run_plugin_inspect(const CommandRun& run);
/// `plugin why ID`: the checks in their order, up to the one that decided. 0 when the plugin would be used, else the status of the refusal.
[[nodiscard]] int run_plugin_why(const CommandRun& run);
/// `plugin verify`: every plugin file checked as before use. 0 when all would be used, else the status of the first refusal.
[[nodiscard]] int run_plugin_verify(const CommandRun& run);
/// `plugin install FILE`: checks the file, copies it into the user's plugin directory and prints the policy lines that pin it.
[[nodiscard]] int run_plugin_install(const CommandRun& run);

/// `plugin new NAME [DIR]`: writes a project to start from. Errors: those of make_project, and a directory that is not empty.
[[nodiscard]] int run_plugin_new(const CommandRun& run);

/// `plugin check FILE`: becomes <prefix>/lib/qwen/qwen-plugin-check, and comes back only when that is not there.
[[nodiscard]] int run_plugin_check(const CommandRun& run);

}  // namespace qwen::host
