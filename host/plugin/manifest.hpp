// A plugin's manifest: what it is, what it wants to be configured with, and where its credential may go.
//
// Comes from the ELF note, so reading it runs no code of the plugin. The text is hostile until it went through parse_manifest.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/auth/credential_provider.hpp"
#include "core/auth/interaction.hpp"
#include "core/base/result.hpp"
#include "core/config/layer.hpp"
#include "core/config/setting.hpp"

namespace qwen::host::plugin {

struct AbiVersion {
    std::uint32_t major = 0;
    std::uint32_t minor = 0;
    [[nodiscard]] std::string to_string() const;
    auto operator<=>(const AbiVersion&) const = default;
};

/// The ABI this host was compiled with.
[[nodiscard]] AbiVersion host_abi();

struct LoginMethod {
    std::string id;
    std::string kind;  ///< "api-key", "device-code", "command", "none"
    std::string name;  ///< for people; the id when the manifest has none
    auth::Interactivity interactivity = auth::Interactivity::if_available;
};

/// A provider name that is this plugin with other defaults.
struct Preset {
    std::string id;
    std::string name;
    std::string base_url;
    std::string model;
    bool key_required = true;
    std::string help_url;
    /// Setting key to variable names that stand in for the setting's own.
    std::map<std::string, std::vector<std::string>> variables;
    /// Setting key to default.
    std::map<std::string, std::string> settings;
};

struct Manifest {
    std::string id;
    std::string name;
    std::string version;
    std::string vendor;
    std::string license;
    std::string url;
    AbiVersion abi_min;
    AbiVersion abi_built;
    std::vector<std::string> required_services;
    std::vector<std::string> wanted_services;
    /// Valid origins in their normal form ("https://api.example.com").
    std::vector<std::string> origins;
    std::vector<LoginMethod> methods;
    /// Keys are "providers.<id>.<key>".
    std::vector<config::Setting> settings;
    /// Keys (full) of the settings without which the provider cannot work.
    std::vector<std::string> required_settings;
    std::vector<Preset> presets;
    std::vector<auth::RateLimit> limits;
    /// The plugin starts threads of its own: it always runs in a process of its own.
    bool starts_threads = false;

    /// "providers.<id>.<key>".
    [[nodiscard]] std::string setting_key(std::string_view key) const;
    /// The setting by its key in the manifest ("api_key"); null when there is none.
    [[nodiscard]] const config::Setting* setting(std::string_view key) const;
    /// The setting with this role; null when there is none.
    [[nodiscard]] const config::Setting* setting_with_role(config::SettingRole role) const;
    /// The preset of this name; null when there is none.
    [[nodiscard]] const Preset* preset(std::string_view preset_id) const;
};

/// `path` is the plugin's file, for messages. Errors: plugin_refused, with the key to blame.
[[nodiscard]] Result<Manifest> parse_manifest(std::string_view json, const std::string& path);

/// Errors: plugin_incompatible when the plugin needs a newer host, or a service this host does not have.
[[nodiscard]] Result<void> check_compatible(const Manifest& manifest, const std::string& path);

/// The settings for a provider name: the plugin's own, with the variables and defaults of the preset where there is one.
[[nodiscard]] std::vector<config::Setting> settings_for(const Manifest& manifest, const Preset* preset);

/// The preset's values as the layer Source::preset: base URL, model (key "model") and settings. Empty without a preset.
[[nodiscard]] config::Layer preset_layer(const Manifest& manifest, const Preset* preset);

}  // namespace qwen::host::plugin
