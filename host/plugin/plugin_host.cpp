#include "host/plugin/plugin_host.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "host/plugin/direct_instance.hpp"
#include "host/plugin/host_table.hpp"
#include "host/plugin/plugin_library.hpp"
#include "host/plugin/setting_claims.hpp"

namespace qwen::host::plugin {
namespace {

qwen_host_ctx make_context(const ServiceDependencies& dependencies, const std::string& id) {
    qwen_host_ctx context{.clock = &dependencies.clock, .random = &dependencies.random, .log = {}};
    if (dependencies.log) {
        context.log = [log = dependencies.log, id](std::uint32_t level, std::string_view message) { log(level, id, message); };
    }
    return context;
}

/// A plugin that was opened: its entry function is called once in a process, and all it was given lives as long as the process.
struct LoadedPlugin {
    /// The loader knows a library by its path, here /proc/self/fd/N: were the number given out again, the next plugin would be this one.
    system::Descriptor sealed;
    std::unique_ptr<HostTable> host;
    const qwen_provider* provider = nullptr;
};

/// By hash. Never destroyed, see LoadedPlugin. Used by one thread.
std::map<std::string, LoadedPlugin>& loaded_plugins() {
    static auto* const plugins = new std::map<std::string, LoadedPlugin>();
    return *plugins;
}

/// Files come in the order of their ids.
bool shares_its_id(const std::vector<PluginFile>& files, std::size_t index) {
    const auto& id = files[index].id;
    return (index > 0 && files[index - 1].id == id) || (index + 1 < files.size() && files[index + 1].id == id);
}

Result<const qwen_provider*> load(VerifiedPlugin& plugin, const ServiceDependencies& dependencies) {
    qwen_host_ctx context = make_context(dependencies, plugin.manifest.id);
    if (const auto known = loaded_plugins().find(plugin.sha256); known != loaded_plugins().end()) {
        known->second.host->rebind(std::move(context));
        if (known->second.provider != nullptr) return known->second.provider;
        return Error{ErrorCode::plugin_refused, fmt::format("plugin '{}' was refused before", plugin.manifest.id), {}, FileLocation{plugin.file.path.native()}};
    }
    LoadedPlugin& loaded = loaded_plugins()[plugin.sha256];
    loaded.host = std::make_unique<HostTable>(std::move(context));
    auto entry = open_library(plugin);
    loaded.sealed = std::move(plugin.sealed);
    if (!entry) return std::move(entry).error();
    QWEN_TRY(loaded.provider, shake_hands(*entry, *loaded.host, plugin.manifest, plugin.file.path.native()));
    return loaded.provider;
}

}  // namespace

/// A plugin that can be read, and why its settings cannot have their names, if so.
struct PluginHost::Described {
    DescribedPlugin plugin;
    std::optional<Error> clash;
};

std::vector<PluginHost::Described> PluginHost::describe_all() const {
    std::vector<Described> rows;
    for (auto& plugin : describe()) rows.push_back({std::move(plugin), std::nullopt});
    SettingClaims claims(program_flags_);
    for (const auto place : {PluginPlace::bundled, PluginPlace::user})
        for (auto& row : rows)
            if (row.plugin.file.place == place) row.clash = claims.claim(row.plugin.file, row.plugin.manifest);
    return rows;
}

Result<void> PluginHost::check_names(const PluginFile& file, const Manifest& manifest, const std::vector<DescribedPlugin>& others) const {
    if (file.place == PluginPlace::bundled) return {};
    SettingClaims claims(program_flags_);
    for (const auto place : {PluginPlace::bundled, PluginPlace::user}) {
        for (const auto& other : others) {
            const bool goes_before = other.file.place == PluginPlace::bundled || other.manifest.id < manifest.id;
            // One that is refused itself takes nothing.
            if (other.file.place == place && goes_before && other.manifest.id != manifest.id) static_cast<void>(claims.claim(other.file, other.manifest));
        }
    }
    if (auto clash = claims.claim(file, manifest)) return std::move(*clash);
    return {};
}

Result<VerifiedPlugin> PluginHost::verify(const PluginFile& file) const {
    QWEN_TRY(auto plugin, verify_plugin(file, policy_));
    QWEN_CHECK(check_names(file, plugin.manifest));
    return plugin;
}

Result<FoundProvider> PluginHost::find(std::string_view name) const {
    auto file = find_plugin_file(directories_, name);
    if (file) {
        QWEN_TRY(VerifiedPlugin plugin, verify_plugin(*file, policy_));
        return FoundProvider{std::move(plugin), {}};
    }
    if (file.error().code != ErrorCode::plugin_missing) return std::move(file).error();
    for (const PluginFile& candidate : list_plugin_files(directories_)) {
        // A plugin that cannot be used cannot lend its presets either; `qwen plugin list` says why.
        const auto described = read_plugin_manifest(candidate, policy_);
        if (!described || described->preset(name) == nullptr) continue;
        auto plugin = verify_plugin(candidate, policy_);
        if (plugin && plugin->manifest.preset(name) != nullptr) return FoundProvider{std::move(*plugin), std::string(name)};
    }
    return std::move(file).error();
}

std::vector<DescribedPlugin> PluginHost::describe() const { return describe_files(list_plugin_files(directories_)); }

std::vector<DescribedPlugin> PluginHost::describe(std::span<const std::string> ids) const {
    // Bundled ones come first. A user's file with the id of one of them makes both unusable, so it counts.
    std::vector<std::string> counted(ids.begin(), ids.end());
    return describe_files(list_plugin_files(directories_, [&](std::string_view id, PluginPlace place) {
        if (place == PluginPlace::bundled) counted.emplace_back(id);
        return std::find(counted.begin(), counted.end(), id) != counted.end();
    }));
}

std::vector<std::string> PluginHost::ids() const {
    std::vector<std::string> ids;
    (void)list_plugin_files(directories_, [&](std::string_view id, PluginPlace) {
        ids.emplace_back(id);
        return false;
    });
    std::sort(ids.begin(), ids.end());
    return ids;
}

std::vector<DescribedPlugin> PluginHost::describe_files(const std::vector<PluginFile>& files) const {
    std::vector<DescribedPlugin> plugins;
    for (std::size_t i = 0; i < files.size(); ++i) {
        const auto& file = files[i];
        if (shares_its_id(files, i)) continue;
        if (auto manifest = read_plugin_manifest(file, policy_)) plugins.push_back({file, std::move(*manifest)});
    }
    return plugins;
}

std::optional<Error> PluginHost::duplicate() const {
    const auto files = list_plugin_files(directories_);
    for (std::size_t i = 0; i < files.size(); ++i) {
        if (!shares_its_id(files, i)) continue;
        if (auto found = find_plugin_file(directories_, files[i].id); !found) return std::move(found).error();
    }
    return std::nullopt;
}

std::vector<DeniedPlugin> PluginHost::denied() const {
    std::vector<DeniedPlugin> rows;
    if (!policy_.by_name) return rows;
    for (PluginFile& file : list_plugin_files(directories_)) {
        const auto ruling = policy_.by_name(file);
        if (ruling.effect == PolicyRuling::Effect::deny && ruling.denial) rows.push_back({std::move(file), *ruling.denial});
    }
    return rows;
}

std::vector<ListedPlugin> PluginHost::list() const {
    std::vector<ListedPlugin> rows;
    std::map<std::filesystem::path, Error> clashes;
    for (auto& row : describe_all())
        if (row.clash) clashes.emplace(row.plugin.file.path, std::move(*row.clash));
    for (PluginFile& file : list_plugin_files(directories_)) {
        auto plugin = verify_plugin(file, policy_);
        if (const auto clash = clashes.find(file.path); plugin && clash != clashes.end()) plugin = clash->second;
        rows.push_back({std::move(file), std::move(plugin)});
    }
    return rows;
}

Result<void> PluginHost::check_policy(const PluginFile& file, const PluginContent& content) const { return ask_policy(policy_, file, content); }

Result<std::unique_ptr<PluginProvider>> PluginHost::open(FoundProvider found, ServiceDependencies dependencies, const IsolationSettings& isolation) {
    if (found.plugin.isolation == Isolation::own_process) {
        Manifest manifest = found.plugin.manifest;
        QWEN_TRY(auto instance, start_isolated_instance(std::move(found.plugin), isolation));
        return std::make_unique<PluginProvider>(std::move(manifest), std::move(instance), std::move(dependencies));
    }
    QWEN_TRY(const qwen_provider* const provider, load(found.plugin, dependencies));
    return std::make_unique<PluginProvider>(std::move(found.plugin.manifest), make_direct_instance(*provider), std::move(dependencies));
}

Result<std::unique_ptr<PluginProvider>> open_in_memory(const qwen_provider* (*entry)(const qwen_host*), std::string_view manifest_json,
                                                       ServiceDependencies dependencies) {
    QWEN_TRY(Manifest manifest, parse_manifest(manifest_json, "(memory)"));
    QWEN_CHECK(check_compatible(manifest, "(memory)"));
    // Left behind on purpose: the provider may keep the pointer for ever.
    const auto* const host = new HostTable(make_context(dependencies, manifest.id));
    QWEN_TRY(const qwen_provider* const provider, shake_hands(entry, *host, manifest, "(memory)"));
    return std::make_unique<PluginProvider>(std::move(manifest), make_direct_instance(*provider), std::move(dependencies));
}

}  // namespace qwen::host::plugin
