// What the operations team allows: questions with yes or "no, because of this line".
//
// A policy is a constraint and no layer: it never sets or replaces a value. The configuration is resolved as if there were no policy, and what
// comes out is put to these questions, so that no flag, variable, .env or home directory can move an answer. An empty policy allows everything.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/base/url.hpp"
#include "core/config/resolver.hpp"

namespace qwen::config {

/// One value of the policy with its place. `key` is "providers.deny", "network.tls_min", …; booleans are "true" or "false".
struct PolicyRule {
    std::string key;
    std::string value;
    FileLocation where;
};

/// One allow list of one file. Every list of a key must hold the name: lists of several files intersect.
struct PolicyList {
    std::string key;
    std::vector<PolicyRule> entries;
    FileLocation where;
};

/// The contents a plugin may have: one of these hashes (lower-case hexadecimal; several, so that an update can be rolled out), or whatever one of these keys has
/// signed (public keys of minisign). The id "*" stands for every plugin that no other section names and that did not come with the program.
struct PolicyPin {
    std::string id;
    std::vector<std::string> sha256;
    std::vector<std::string> signers;
    FileLocation where;
};

/// A plugin file as far as its content decides.
struct PluginBuild {
    std::string_view id;
    std::string_view sha256;
    bool came_with_program = false;
    /// Which of these public keys signed it, by name; its error says why none did. Asked only when a rule depends on it. Empty: nobody signed it.
    std::function<Result<std::string>(const std::vector<std::string>& keys)> signer = {};
};

/// Immutable once loaded. Every refusal is denied_by_policy, with the rule's place in `where` and the team's message in `hint`.
struct Policy {
    std::vector<std::string> files;     ///< in the order read; empty: there is no policy
    std::vector<PolicyRule> messages;   ///< for people who meet a refusal
    std::vector<PolicyList> allow;
    std::vector<PolicyRule> deny;
    std::vector<PolicyRule> limits;     ///< switches and single values
    std::vector<PolicyPin> pins;

    [[nodiscard]] bool empty() const { return files.empty(); }

    /// `name` is what the user sees (a preset's or plugin's id), `plugin` the plugin behind it. A rule may name either; '-' and '_' are one.
    [[nodiscard]] Result<void> check_provider(std::string_view name, std::string_view plugin) const;
    /// "api_key", "device_code", "api_key_command".
    [[nodiscard]] Result<void> check_method(std::string_view method) const;
    [[nodiscard]] Result<void> check_origin(const Origin& origin) const;
    /// The server stands on a list of allowed ones, which is more than not being forbidden.
    [[nodiscard]] bool names_origin(const Origin& origin) const;
    /// An allowed name may end in '*'.
    [[nodiscard]] Result<void> check_model(std::string_view model) const;

    /// Asked before a plugin file is opened. `other_plugins` are the ids of all plugin files: an allowed name that is none of them may be a preset's,
    /// which only the manifest of a bundled plugin can tell.
    [[nodiscard]] Result<void> check_plugin_file(std::string_view id, const std::filesystem::path& path, bool in_user_directory,
                                                 const std::vector<std::string>& other_plugins) const;
    /// Asked of what would be mapped. A build that came with this program counts as pinned unless a pin names its id. The name of the key whose signature decided;
    /// empty: a hash, or no rule, did.
    [[nodiscard]] Result<std::string> check_plugin_content(const PluginBuild& build) const;

    /// The rules about settings: project .env files, keys in argv, store, TLS, CA, proxy. `storage` is the effective choice.
    [[nodiscard]] Result<void> check_settings(const Resolution& resolution, std::string_view storage) const;

    /// The rule that has this value, or null: limit("plugins.isolation_min", "process").
    [[nodiscard]] const PolicyRule* limit(std::string_view key, std::string_view value) const;

private:
    [[nodiscard]] Result<void> check_not_revoked(const PluginBuild& build) const;
    /// As check_plugin_content, for one section.
    [[nodiscard]] Result<std::string> check_pin(const PolicyPin& pin, const PluginBuild& build) const;
    [[nodiscard]] Error denied(std::string message, const FileLocation& where, std::string hint = {}) const;
};

/// Whether "https://api.example.com" or "https://*.example.com" covers the origin. The second covers every name below, not example.com itself.
[[nodiscard]] bool origin_matches(std::string_view pattern, const Origin& origin);
/// Errors: config_invalid, when the pattern is neither form.
[[nodiscard]] Result<void> check_origin_pattern(std::string_view pattern);

}  // namespace qwen::config
