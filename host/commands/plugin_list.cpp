#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "host/commands/json_output.hpp"
#include "host/commands/plugin.hpp"
#include "host/commands/plugin_report.hpp"
#include "host/exit_status.hpp"
#include "host/terminal/sanitizer.hpp"

namespace qwen::host {
namespace {

PluginReport report_of(const plugin::ListedPlugin& row) {
    return {row.file, row.plugin ? &*row.plugin : nullptr, row.plugin ? nullptr : &row.plugin.error()};
}

std::string row_text(const plugin::ListedPlugin& row) {
    const auto where = place_name(row.file.place);
    if (!row.plugin) {
        return fmt::format("{:<20} {:<10} {:<16} {:<8} {:<15} {}\n", row.file.id, "-", "-", where, "-", sanitized_line(row.plugin.error().message, 200));
    }
    const auto& manifest = row.plugin->manifest;
    return fmt::format("{:<20} {:<10} {:<16} {:<8} {:<15} usable\n", row.file.id, sanitized_line(manifest.version, 20),
                       sanitized_line(manifest.vendor.empty() ? "-" : manifest.vendor, 40), where, isolation_name(row.plugin->isolation));
}

/// A path to a file anywhere, or the id of an installed plugin.
Result<plugin::PluginFile> named_file(const CommandRun& run, const std::string& operand) {
    if (operand.find('/') == std::string::npos && !operand.ends_with(".so")) return run.host.find_file(operand);
    auto path = (run.around.environment.working_directory / operand).lexically_normal();
    const auto place = path.parent_path() == run.host.directories().bundled ? plugin::PluginPlace::bundled : plugin::PluginPlace::user;
    return plugin::PluginFile{path.stem().native(), std::move(path), place};
}

}  // namespace

int run_plugin_list(const CommandRun& run) {
    std::string text = fmt::format("{:<20} {:<10} {:<16} {:<8} {:<15} {}\n", "ID", "VERSION", "VENDOR", "WHERE", "RUNS", "DECISION");
    auto json = json_success();
    json["plugins"] = nlohmann::ordered_json::array();
    for (const auto& row : run.host.list()) {
        text += row_text(row);
        json["plugins"].push_back(plugin_json(report_of(row)));
    }
    // Measured, not promised: a process is started as for a plugin, but without one.
    const auto applied = plugin::probe_isolation({});
    json["isolation"] = isolation_json(applied);
    return say(run.speech, text + '\n' + isolation_text(applied), json);
}

int run_plugin_inspect(const CommandRun& run) {
    const auto file = named_file(run, run.options.operands.front());
    if (!file) return say_error(run.speech, file.error());
    // The file is read without asking whether it may be used, so that a refused one can be looked at too.
    const auto facts = plugin::examine_plugin(*file);
    if (!facts) return say_error(run.speech, facts.error());
    const auto verified = run.host.verify(*file);
    const PluginReport report{*file, verified ? &*verified : &*facts, verified ? nullptr : &verified.error()};
    auto json = json_success();
    json["plugin"] = plugin_json(report);
    return say(run.speech, plugin_text(report), json);
}

int run_plugin_why(const CommandRun& run) {
    const auto& name = run.options.operands.front();
    auto found = run.host.find(name);
    if (found)
        if (auto named = run.host.check_names(found->plugin.file, found->plugin.manifest); !named) found = std::move(named).error();
    if (found) {
        const PluginReport report{found->plugin.file, &found->plugin, nullptr};
        auto json = json_success();
        json["plugin"] = plugin_json(report);
        if (!found->preset_id.empty()) json["preset"] = found->preset_id;
        const auto preset = found->preset_id.empty() ? std::string() : fmt::format("{} is a preset of {}\n", found->preset_id, found->plugin.file.id);
        return say(run.speech, preset + plugin_text(report), json);
    }
    const auto file = run.host.find_file(name);
    if (!file || run.speech.output != OutputFormat::text) return say_error(run.speech, found.error());
    const PluginReport report{*file, nullptr, &found.error()};
    const int written = say(run.speech, plugin_text(report));
    return written == kExitOk ? exit_status(found.error()) : written;
}

int run_plugin_verify(const CommandRun& run) {
    std::string text;
    auto json = json_success();
    json["plugins"] = nlohmann::ordered_json::array();
    int status = kExitOk;
    for (const auto& row : run.host.list()) {
        json["plugins"].push_back(plugin_json(report_of(row)));
        if (row.plugin) {
            text += fmt::format("ok       {}  {}{}{}\n", row.file.id, row.plugin->sha256, row.plugin->signer.empty() ? "" : "  signed by ", row.plugin->signer);
            continue;
        }
        text += fmt::format("refused  {}  {} ({})\n", row.file.id, sanitized_line(row.plugin.error().message, 300), sanitized_line(row.file.path.native(), 300));
        if (status == kExitOk) status = exit_status(row.plugin.error());
    }
    if (status != kExitOk) json["ok"] = false;
    const int written = say(run.speech, text.empty() ? "there is no plugin\n" : text, json);
    return written == kExitOk ? status : written;
}

}  // namespace qwen::host
