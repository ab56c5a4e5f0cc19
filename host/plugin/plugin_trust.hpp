// Decides whether a plugin file may be opened, in the order of decision 0003: policy by name, path and owner, content hash, manifest and ABI.
//
// What was checked is what is mapped: the file is copied once into sealed memory, and hash, inspection and dlopen all see that copy. Nothing in
// this file runs code of the plugin.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/system/file.hpp"
#include "host/plugin/elf_note.hpp"
#include "host/plugin/manifest.hpp"
#include "host/plugin/plugin_search.hpp"

namespace qwen::host::plugin {

/// Where a plugin's code runs.
enum class Isolation : std::uint8_t { in_process, own_process };

/// What the operations team says of a plugin.
struct PolicyRuling {
    enum class Effect : std::uint8_t { no_rule, allow, deny };
    Effect effect = Effect::no_rule;
    /// The rule, for messages: "/etc/qwen/policy.toml:12 providers.deny".
    std::string rule;
    /// Overrides the default (bundled hash: in process; anything else: own process).
    std::optional<Isolation> isolation;
    /// What the user is told of a denial; empty: a sentence made of `rule`.
    std::optional<Error> denial{};
    /// The key whose signature the policy asked for; empty: none was needed.
    std::string signer{};
};

/// What of a file is put to the policy: the bytes that would be mapped, and where a signature over them may be.
struct PluginContent {
    std::string sha256;  ///< lower-case hexadecimal
    std::string_view bytes;
    std::filesystem::path signature;

    /// Which of these public keys (minisign) signed the bytes. Errors: plugin_refused, with the reason.
    [[nodiscard]] Result<std::string> signer(const std::vector<std::string>& keys) const;
};

/// "acme.so.minisig" beside "acme.so".
[[nodiscard]] std::filesystem::path signature_path(const std::filesystem::path& plugin);

/// The policy, as questions; an empty function has no rule for anything.
struct PluginPolicy {
    /// Asked before the file is opened.
    std::function<PolicyRuling(const PluginFile& file)> by_name;
    /// Asked with the bytes that would be mapped.
    std::function<PolicyRuling(const PluginFile& file, const PluginContent& content)> by_content;
};

/// A plugin that passed every check, with its bytes held in memory nobody can change any more.
struct VerifiedPlugin {
    PluginFile file;
    Manifest manifest;
    ElfFacts elf;
    std::string sha256;
    system::FileFacts facts;
    bool is_bundled_build = false;  ///< the hash is one of those compiled in
    Isolation isolation = Isolation::own_process;
    std::string rule;               ///< the policy rule that decided; empty: the default
    std::string signer;             ///< the key whose signature the policy asked for, by name; empty: none was needed
    system::Descriptor sealed;      ///< read-only memory file
};

/// Runs all checks. Errors: denied_by_policy, plugin_missing, plugin_refused, plugin_incompatible; each names the file and the reason.
[[nodiscard]] Result<VerifiedPlugin> verify_plugin(const PluginFile& file, const PluginPolicy& policy);

/// What a plugin says of itself: policy by name, path and owner are checked, then its manifest is read; neither its hash nor the rest of it. Enough for a
/// list of settings and names, and never for opening it. Errors: as verify_plugin.
[[nodiscard]] Result<Manifest> read_plugin_manifest(const PluginFile& file, const PluginPolicy& policy);

/// What a file says of itself, for people: wherever it is and whoever may write to it, no policy is asked. Never for opening it.
/// Errors: plugin_missing, plugin_refused, plugin_incompatible.
[[nodiscard]] Result<VerifiedPlugin> examine_plugin(const PluginFile& file);

/// The whole file, as it was checked. Errors: plugin_refused.
[[nodiscard]] Result<std::string> bytes_of(const VerifiedPlugin& plugin);

/// The policy alone, by name and by content. Errors: denied_by_policy.
[[nodiscard]] Result<void> ask_policy(const PluginPolicy& policy, const PluginFile& file, const PluginContent& content);

/// verify_plugin for sealed bytes that came from elsewhere (the socket of the host), without path, policy and owner.
[[nodiscard]] Result<VerifiedPlugin> inspect_sealed(system::Descriptor sealed, PluginFile file);

}  // namespace qwen::host::plugin
