#include "host/cli/help.hpp"

#include <fmt/format.h>

#include <map>

#include "host/cli/options.hpp"
#include "host/exit_status.hpp"

namespace qwen::host {
namespace {

constexpr std::size_t kNameColumn = 34;

std::string line(std::string_view name, std::string_view text) {
    if (name.size() >= kNameColumn - 2) return fmt::format("  {}\n{:{}}{}\n", name, "", kNameColumn, text);
    return fmt::format("  {:{}}{}\n", name, kNameColumn - 2, text);
}

std::string flag_name(std::string_view flag, std::string_view short_flag, std::string_view placeholder) {
    std::string name = short_flag.empty() ? "    " : std::string(short_flag) + ", ";
    name += flag;
    if (!placeholder.empty()) name += ' ' + std::string(placeholder);
    return name;
}

std::string option_lines(Command command, bool only_its_own) {
    std::string text;
    for (const auto& row : option_table())
        if (is_understood_by(row, command) && (!only_its_own || !row.commands.empty())) text += line(flag_name(row.flag, row.short_flag, row.placeholder), row.help);
    return text;
}

std::string setting_line(const config::Setting& setting) {
    std::string help = setting.help;
    if (!setting.choices.empty()) help += fmt::format(" ({})", fmt::join(setting.choices, ", "));
    if (setting.has_default && !setting.default_value.empty()) help += fmt::format(" [{}]", setting.default_value);
    if (!setting.variables.empty()) help += fmt::format(" ({})", setting.variables.front());
    const bool is_switch = setting.type == config::ValueType::boolean;
    const std::string placeholder = is_switch ? "" : setting.placeholder.empty() ? "VALUE" : setting.placeholder;
    return line(flag_name(setting.flag, setting.short_flag, placeholder), help);
}

std::string command_lines(std::string_view noun) {
    std::string text;
    for (const auto& row : command_table()) {
        if (row.words.empty() || (!noun.empty() && !row.words.starts_with(std::string(noun) + ' '))) continue;
        text += line(fmt::format("{} {}", row.words, row.operands), row.summary);
    }
    return text;
}

std::string_view class_meaning(ErrorClass error_class) {
    switch (error_class) {
        case ErrorClass::internal: return "an error in this program";
        case ErrorClass::usage: return "the command line could not be understood";
        case ErrorClass::configuration: return "configuration, or a project file was refused";
        case ErrorClass::authentication: return "not signed in, or the credential was refused";
        case ErrorClass::network: return "network or TLS";
        case ErrorClass::limit: return "rate limit or quota";
        case ErrorClass::policy: return "denied by the administrator's policy";
        case ErrorClass::provider: return "error of the provider, bad answer, or answer cut short";
        case ErrorClass::cancelled: return "stopped by the user (died of SIGINT)";
    }
    return {};
}

}  // namespace

std::string overview_help(const config::SettingTable& settings) {
    std::string text = "Usage: qwen [OPTIONS] \"PROMPT\"\n       qwen COMMAND [OPTIONS]\n\nSigns in to a language-model provider and talks to the model.\n\nCommands\n";
    text += command_lines({});
    text += "\nOptions\n" + option_lines(Command::prompt, false);
    std::map<std::string, std::string> sections;
    for (const auto& setting : settings.all())
        if (!setting.flag.empty()) sections[setting.provider] += setting_line(setting);
    for (const auto& [provider, lines] : sections) text += (provider.empty() ? std::string("\nSettings\n") : fmt::format("\nProvider {}\n", provider)) + lines;
    text += "\nExamples\n  qwen \"why is the sky blue?\"\n  git diff | qwen -p \"write a commit message\"\n  qwen config explain\n\n"
            "qwen COMMAND --help shows one command, qwen help exit-codes the exit statuses.\n";
    return text;
}

std::string command_help(const CommandRow& row) {
    std::string text = fmt::format("Usage: qwen {}{}{}[OPTIONS]\n\n{}\n", row.words, row.words.empty() ? "" : " ",
                                   row.operands.empty() ? "" : fmt::format("{} ", row.operands), row.summary);
    if (!row.details.empty()) text += fmt::format("\n{}\n", row.details);
    if (const auto own = option_lines(row.command, true); !own.empty()) text += "\nOptions\n" + own;
    return text + "\nOptions of every command: qwen --help\n";
}

std::string group_help(std::string_view noun) {
    if (verbs_of(noun).empty()) return {};
    return fmt::format("Usage: qwen {} COMMAND [OPTIONS]\n\nCommands\n{}", noun, command_lines(noun));
}

std::string exit_code_help() {
    std::string text = fmt::format("{:>4}  {}\n", kExitOk, "ok");
    for (const auto error_class : {ErrorClass::internal, ErrorClass::usage, ErrorClass::configuration, ErrorClass::authentication, ErrorClass::network,
                                   ErrorClass::limit, ErrorClass::policy, ErrorClass::provider, ErrorClass::cancelled})
        text += fmt::format("{:>4}  {}\n", exit_status(error_class), class_meaning(error_class));
    return text;
}

std::string version_text() { return "qwen " QWEN_VERSION "\n"; }

}  // namespace qwen::host
