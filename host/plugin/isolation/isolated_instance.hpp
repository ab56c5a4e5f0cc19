// A provider instance in a process of its own: makes every entry call over a socket and survives whatever happens at the other end.
//
// A plugin that crashes, hangs, exits or lies costs the call it did so in: one plugin_fault that names plugin, entry point and cause. The next call
// starts a fresh process.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>

#include "host/plugin/entry_call.hpp"
#include "host/plugin/isolation/sandbox.hpp"
#include "host/plugin/plugin_trust.hpp"

namespace qwen::host::plugin {

struct IsolationSettings {
    /// Started for a plugin; the running program has the other end of the protocol in it.
    std::filesystem::path program = "/proc/self/exe";
    /// For loading, and for an entry call that does not wait, services included.
    std::chrono::milliseconds offline_limit{5'000};
    /// How long a call that may wait can go without asking for a service.
    std::chrono::milliseconds silence_limit{30'000};
};

class IsolatedInstance : public PluginInstance {
public:
    /// What was applied in the process that runs now, or ran last.
    [[nodiscard]] virtual const IsolationReport& report() const = 0;
};

/// Starts the process and loads the plugin in it; its `create` is called by EntryPoint::create.
/// Errors: plugin_refused, plugin_incompatible, plugin_fault.
[[nodiscard]] Result<std::unique_ptr<IsolatedInstance>> start_isolated_instance(VerifiedPlugin plugin, IsolationSettings settings);

/// What a plugin's process would have here: starts one without a plugin. Errors: plugin_fault.
[[nodiscard]] Result<IsolationReport> probe_isolation(const IsolationSettings& settings);

}  // namespace qwen::host::plugin
