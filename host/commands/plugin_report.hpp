// A plugin as text and as JSON, for `qwen plugin`: one form for every verb.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "host/plugin/plugin_host.hpp"

namespace qwen::host {

/// A plugin file, what it says of itself as far as it could be read, and whether it would be used.
struct PluginReport {
    plugin::PluginFile file;
    /// Null: unreadable, or no plugin. Borrowed.
    const plugin::VerifiedPlugin* facts = nullptr;
    /// Null: it would be used. Borrowed.
    const Error* refusal = nullptr;
};

/// "bundled" or "user"; a file that is in neither directory counts as the user's.
[[nodiscard]] std::string_view place_name(plugin::PluginPlace place);
/// "in-process" or "isolated child".
[[nodiscard]] std::string_view isolation_name(plugin::Isolation isolation);
/// The rule that let a plugin be used: the policy's, or the default that applies to it.
[[nodiscard]] std::string deciding_rule(const plugin::VerifiedPlugin& plugin);

/// What a plugin's own process has on this machine, in one line for people; "not available" with the reason where none could be started.
[[nodiscard]] std::string isolation_text(const Result<plugin::IsolationReport>& applied);
/// Each measure by name, true or false; "error" where no process could be started.
[[nodiscard]] nlohmann::ordered_json isolation_json(const Result<plugin::IsolationReport>& applied);

/// Paragraphs of "name  value" lines.
[[nodiscard]] std::string plugin_text(const PluginReport& report);
[[nodiscard]] nlohmann::ordered_json plugin_json(const PluginReport& report);

}  // namespace qwen::host
