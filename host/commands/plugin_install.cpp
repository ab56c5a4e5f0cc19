#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "host/commands/json_output.hpp"
#include "host/commands/plugin.hpp"
#include "host/commands/plugin_report.hpp"

namespace qwen::host {
namespace {

constexpr std::uint64_t kMaxSignatureBytes = 8u << 10;

std::string policy_lines(const plugin::VerifiedPlugin& plugin) {
    return fmt::format("[[plugin]]\nid = \"{}\"\nsha256 = [\"{}\"]\n", plugin.file.id, plugin.sha256);
}

/// Where the file goes; the directory is made, for the user alone.
Result<plugin::PluginFile> destination(const CommandRun& run, const plugin::VerifiedPlugin& plugin) {
    const auto& directories = run.host.directories();
    if (directories.user.empty()) return Error{ErrorCode::usage, "there is no directory for plugins of yours", "set HOME, and leave out --no-plugins", std::nullopt};
    plugin::PluginFile file{plugin.file.id, directories.user / (plugin.file.id + ".so"), plugin::PluginPlace::user};
    const auto other = directories.bundled / file.path.filename();
    QWEN_TRY(const auto taken, system::facts_of_path(other));
    if (taken) {
        return Error{ErrorCode::plugin_refused, fmt::format("a plugin that comes with the program is called '{}' too", file.id), "give it another id",
                     FileLocation{other.native()}};
    }
    QWEN_TRY(const auto bytes, plugin::bytes_of(plugin));
    QWEN_CHECK(run.host.check_policy(file, {plugin.sha256, bytes, plugin::signature_path(plugin.file.path)}));
    QWEN_CHECK(run.host.check_names(file, plugin.manifest));
    QWEN_CHECK(system::make_private_directory(directories.user));
    return file;
}

/// The bytes that were checked are the bytes that are written. Readers see the old file or the new one.
Result<plugin::VerifiedPlugin> install(const CommandRun& run, const std::filesystem::path& source) {
    QWEN_TRY(const auto examined, plugin::examine_plugin({source.stem().native(), source, plugin::PluginPlace::user}));
    QWEN_TRY(const auto file, destination(run, examined));
    QWEN_TRY(const auto bytes, plugin::bytes_of(examined));
    QWEN_TRY(const auto signature, system::read_file(plugin::signature_path(source), {.max_bytes = kMaxSignatureBytes}));
    if (signature) QWEN_CHECK(system::replace_file(plugin::signature_path(file.path), signature->bytes));
    QWEN_CHECK(system::replace_file(file.path, bytes));
    return run.host.verify(file);
}

}  // namespace

int run_plugin_install(const CommandRun& run) {
    const auto source = (run.around.environment.working_directory / run.options.operands.front()).lexically_normal();
    const auto installed = install(run, source);
    if (!installed) return say_error(run.speech, installed.error());
    auto json = json_success();
    json["plugin"] = plugin_json({installed->file, &*installed, nullptr});
    json["policy"] = policy_lines(*installed);
    const auto text = fmt::format("installed {} {} as {}\nruns: {}\nto pin this file, in /etc/qwen/policy.toml:\n\n{}", installed->file.id, installed->manifest.version,
                                  installed->file.path.native(), isolation_name(installed->isolation), policy_lines(*installed));
    return say(run.speech, text, json);
}

}  // namespace qwen::host
