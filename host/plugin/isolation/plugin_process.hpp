// The program as a plugin's own process: what `--plugin-host` runs.
#pragma once

namespace qwen::host::plugin {

/// True for the command line ChildProcess::start makes; asked before anything else in main.
[[nodiscard]] bool is_plugin_process(int argc, char** argv);

/// Confines itself, loads the plugin it was given, and makes the calls it is asked to until the program closes the socket.
[[nodiscard]] int run_plugin_process();

}  // namespace qwen::host::plugin
