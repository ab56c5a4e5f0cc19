// write_reference PLUGIN_DIRECTORY OUT: the pages commands.md, configuration.md and errors.md, from the tables that the program itself uses.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "core/base/error.hpp"
#include "core/config/setting.hpp"
#include "host/cli/help.hpp"
#include "host/exit_status.hpp"
#include "host/plugin/plugin_host.hpp"

namespace {

using namespace qwen;

constexpr std::string_view kGenerated = "<!-- Written by scripts/generate_reference; a change by hand is lost. -->\n\n";

std::string commands_page(const config::SettingTable& settings) {
    std::string page = "# Commands\n\n";
    page += kGenerated;
    page += fmt::format("## qwen --help\n\n```\n{}```\n", host::overview_help(settings));
    for (const auto& row : host::command_table()) {
        const std::string_view words = row.words.empty() ? std::string_view("-p") : row.words;
        page += fmt::format("\n## qwen {}\n\n```\n{}```\n", words, host::command_help(row));
    }
    return page;
}

std::string_view type_name(const config::Setting& setting) {
    switch (setting.type) {
        case config::ValueType::text: return "text";
        case config::ValueType::secret: return "secret";
        case config::ValueType::url: return "URL";
        case config::ValueType::boolean: return "true or false";
        case config::ValueType::integer: return "whole number";
        case config::ValueType::duration: return "time, like 90s or 2m";
        case config::ValueType::path: return "path";
        case config::ValueType::text_list: return "list of texts";
        case config::ValueType::command: return "command";
    }
    return {};
}

std::string sources(const config::Setting& setting) {
    if (setting.allowed == config::from_anywhere) return "anywhere";
    if (setting.allowed == config::from_trusted) return "not from a file of a project";
    if (setting.allowed == config::from_files_of_the_user) return "`config.toml` only";
    const std::pair<config::AllowedSources, const char*> names[] = {
        {config::from_flag, "flag"},           {config::from_environment, "environment"}, {config::from_project_dotenv, "a project's `.env`"},
        {config::from_user_dotenv, "`~/.env`"}, {config::from_user_config, "user config"}, {config::from_system_config, "system config"},
    };
    std::string text;
    for (const auto& [bit, name] : names)
        if ((setting.allowed & bit) != 0) text += (text.empty() ? "" : ", ") + std::string(name);
    return text;
}

std::string code(std::string_view text) { return text.empty() ? std::string() : fmt::format("`{}`", text); }

/// A table cell: a bar would end it.
std::string cell(std::string text) {
    for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, 1, '\\');
    return text;
}

std::string setting_row(const config::Setting& setting) {
    std::string variables;
    for (const auto& name : setting.variables) variables += (variables.empty() ? "" : ", ") + code(name);
    std::string help = setting.help;
    if (!setting.choices.empty()) help += fmt::format(" ({})", fmt::join(setting.choices, ", "));
    const std::string fallback = setting.has_default && !setting.default_value.empty() ? code(setting.default_value) : "";
    return fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", code(setting.key), type_name(setting), code(setting.flag), variables, fallback, sources(setting),
                       cell(help));
}

constexpr std::string_view kSettingColumns = "| key in `config.toml` | type | flag | variables, first wins | default | may be set | meaning |\n|---|---|---|---|---|---|---|\n";

std::string preset_rows(const host::plugin::Manifest& manifest) {
    std::string rows = "\n| `--provider` | name | base URL | model | key |\n|---|---|---|---|---|\n";
    for (const auto& preset : manifest.presets) {
        std::vector<std::string> names;
        if (const auto* key = manifest.setting_with_role(config::SettingRole::api_key)) names = key->variables;
        if (const auto key = preset.variables.find("api_key"); key != preset.variables.end()) names = key->second;
        std::string variables;
        for (const auto& name : names) variables += (variables.empty() ? "" : ", ") + code(name);
        if (!preset.key_required) variables += variables.empty() ? "none needed" : " (not required)";
        rows += fmt::format("| {} | {} | {} | {} | {} |\n", code(preset.id), preset.name, code(preset.base_url), code(preset.model), variables);
    }
    return rows;
}

std::string configuration_page(const config::SettingTable& core, const std::vector<host::plugin::DescribedPlugin>& plugins) {
    std::string page = "# Settings\n\n";
    page += kGenerated;
    page += "A value comes from the first of these that has it: flag, environment, the one `.env` found, `~/.qwen/config.toml`, `/etc/qwen/config.toml`, default.\n"
            "An empty variable counts as not set. `qwen config explain` shows which place won and what it hides.\n\n## The program\n\n";
    page += kSettingColumns;
    for (const auto& setting : core.all()) page += setting_row(setting);
    for (const auto& plugin : plugins) {
        page += fmt::format("\n## Provider `{}`: {}\n\n{}", plugin.manifest.id, plugin.manifest.name, kSettingColumns);
        for (const auto& setting : plugin.manifest.settings) page += setting_row(setting);
        for (const auto& limit : plugin.manifest.limits) page += fmt::format("\nDeclared limit: {} requests in {} s.\n", limit.requests, limit.period_seconds);
        if (!plugin.manifest.presets.empty()) page += preset_rows(plugin.manifest);
    }
    return page;
}

std::string errors_page() {
    std::string page = "# Exit statuses and errors\n\n";
    page += kGenerated;
    page += fmt::format("The same in every output format.\n\n```\n{}```\n\nWith `-o json` and `-o stream-json` an error is an object with `code`, `message`, `hint` and, when a file is to blame, "
                        "`where`.\nCodes are never renamed.\n\n| code | exit status | meaning |\n|---|---|---|\n",
                        host::exit_code_help());
    for (const auto& row : error_table()) page += fmt::format("| `{}` | {} | {} |\n", row.name, host::exit_status(row.error_class), row.meaning);
    return page;
}

bool write(const std::string& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    return static_cast<bool>(file.flush());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs("usage: write_reference PLUGIN_DIRECTORY OUT\n", stderr);
        return 2;
    }
    const host::plugin::PluginHost plugins({std::filesystem::absolute(argv[1]), {}}, {});
    const auto described = plugins.describe();
    const auto core = config::SettingTable::core();
    auto everything = core;
    for (const auto& plugin : described)
        for (const auto& setting : plugin.manifest.settings)
            if (!everything.add(setting)) return 1;
    const std::string out = std::string(argv[2]) + '/';
    const bool written = write(out + "commands.md", commands_page(everything)) && write(out + "configuration.md", configuration_page(core, described)) &&
                         write(out + "errors.md", errors_page());
    return written && described.size() >= 2 ? 0 : 1;
}
