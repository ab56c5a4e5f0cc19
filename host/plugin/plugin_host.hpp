// The front door: finds a provider by name, says what it is, and opens it. Only the chosen plugin's code is ever run.
//
// The order of use: `find` (reads and checks, runs nothing) → settings_for(manifest, preset) into the setting table → resolve → `open`.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/plugin/isolation/isolated_instance.hpp"
#include "host/plugin/plugin_provider.hpp"
#include "host/plugin/plugin_trust.hpp"

struct qwen_host;
struct qwen_provider;

namespace qwen::host::plugin {

/// A provider name, found and checked.
struct FoundProvider {
    VerifiedPlugin plugin;
    /// Id of the preset the name stands for; empty: the plugin itself.
    std::string preset_id;

    /// The name it was found by: the preset's id, else the plugin's.
    [[nodiscard]] const std::string& name() const { return preset_id.empty() ? plugin.manifest.id : preset_id; }
    /// Null for the plugin itself. Borrowed from `plugin.manifest`.
    [[nodiscard]] const Preset* preset() const { return preset_id.empty() ? nullptr : plugin.manifest.preset(preset_id); }
};

/// One row of a listing: the plugin, or why it cannot be used.
struct ListedPlugin {
    PluginFile file;
    Result<VerifiedPlugin> plugin;
};

/// A plugin by its manifest alone; it may still be refused when it is opened.
struct DescribedPlugin {
    PluginFile file;
    Manifest manifest;
};

/// A plugin file that may not be opened, and the rule that says so.
struct DeniedPlugin {
    PluginFile file;
    Error why;
};

class PluginHost {
public:
    /// `program_flags`: options that no plugin's setting can be called by ("--json"); the texts outlive the host.
    PluginHost(PluginDirectories directories, PluginPolicy policy, std::vector<std::string_view> program_flags = {})
        : directories_(std::move(directories)), policy_(std::move(policy)), program_flags_(std::move(program_flags)) {}

    /// `name` is a plugin's id or a preset's. With an id, no other plugin's file is opened; a preset's name is looked up in the manifests.
    /// Errors: plugin_missing, and those of verify_plugin.
    [[nodiscard]] Result<FoundProvider> find(std::string_view name) const;
    /// What the plugins that can be read say of themselves, but for those that share an id: for settings and provider names. No file is copied or hashed.
    [[nodiscard]] std::vector<DescribedPlugin> describe() const;
    /// The same for the bundled plugins and those with one of these ids: no other file is opened (decision 0028).
    [[nodiscard]] std::vector<DescribedPlugin> describe(std::span<const std::string> ids) const;
    /// The ids of all plugin files, in order; one that two files share comes twice.
    [[nodiscard]] std::vector<std::string> ids() const;
    /// The error of two plugins with one id, of which neither is used; nullopt: there are none.
    [[nodiscard]] std::optional<Error> duplicate() const;
    /// The plugin files the policy denies by name or place; none of them is opened.
    [[nodiscard]] std::vector<DeniedPlugin> denied() const;
    /// Every plugin file, checked; runs no code.
    [[nodiscard]] std::vector<ListedPlugin> list() const;

    /// One plugin file by its id. Errors: those of find_plugin_file.
    [[nodiscard]] Result<PluginFile> find_file(std::string_view id) const { return find_plugin_file(directories_, id); }
    /// One plugin file, checked as before use; runs no code. Errors: those of verify_plugin.
    [[nodiscard]] Result<VerifiedPlugin> verify(const PluginFile& file) const;
    /// Whether a plugin of this manifest, at this place, could have the names of its settings beside all others. Errors: plugin_refused.
    [[nodiscard]] Result<void> check_names(const PluginFile& file, const Manifest& manifest) const { return check_names(file, manifest, describe()); }
    /// The same beside `others` alone; no file is read.
    [[nodiscard]] Result<void> check_names(const PluginFile& file, const Manifest& manifest, const std::vector<DescribedPlugin>& others) const;
    /// Whether the policy lets a file with this content be used there; the file need not exist. Errors: denied_by_policy.
    [[nodiscard]] Result<void> check_policy(const PluginFile& file, const PluginContent& content) const;
    [[nodiscard]] const PluginDirectories& directories() const { return directories_; }

    /// Loads the plugin (in this process or in its own, as `found.plugin.isolation` says) and makes its provider. Errors: plugin_refused,
    /// plugin_incompatible, plugin_fault.
    [[nodiscard]] static Result<std::unique_ptr<PluginProvider>> open(FoundProvider found, ServiceDependencies dependencies,
                                                                      const IsolationSettings& isolation = {});

private:
    [[nodiscard]] std::vector<DescribedPlugin> describe_files(const std::vector<PluginFile>& files) const;
    struct Described;
    [[nodiscard]] std::vector<Described> describe_all() const;

    PluginDirectories directories_;
    PluginPolicy policy_;
    std::vector<std::string_view> program_flags_;
};

/// The second door, for tests: a provider from an entry function of this program. `manifest_json` is what the note would hold.
[[nodiscard]] Result<std::unique_ptr<PluginProvider>> open_in_memory(const qwen_provider* (*entry)(const qwen_host*), std::string_view manifest_json,
                                                                     ServiceDependencies dependencies);

}  // namespace qwen::host::plugin
