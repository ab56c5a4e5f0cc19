// Opens a verified plugin with Boost.DLL and finds its one function. A plugin is never unloaded.
#pragma once

#include "host/plugin/host_table.hpp"
#include "host/plugin/plugin_trust.hpp"
#include "qwen/plugin.h"

namespace qwen::host::plugin {

/// Maps the sealed copy, whose descriptor has to stay open from now on (the loader tells libraries apart by path), and returns its entry function, which is certain to be in that file and not in a library it needs.
/// Errors: plugin_refused, with the loader's reason.
[[nodiscard]] Result<qwen_provider_entry_fn> open_library(const VerifiedPlugin& plugin);

/// Calls the entry function and checks the table: there, long enough, every function set, the manifest's id. `entry` is any function of that form,
/// so tests need no file. `host` is kept by the plugin for ever. Errors: plugin_incompatible, plugin_refused.
[[nodiscard]] Result<const qwen_provider*> shake_hands(qwen_provider_entry_fn entry, const HostTable& host, const Manifest& manifest,
                                                       const std::string& path);

}  // namespace qwen::host::plugin
