// The commands of the program, as one table: parsing, --help, docs/reference/commands.md and completion are made from it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace qwen::host {

enum class Command : std::uint8_t {
    prompt,
    models,
    auth_login,
    auth_status,
    auth_logout,
    auth_refresh,
    auth_list,
    auth_switch,
    auth_move,
    config_explain,
    trust_origin,
    policy_show,
    policy_test,
    policy_lint,
    doctor,
    plugin_list,
    plugin_inspect,
    plugin_why,
    plugin_verify,
    plugin_install,
    plugin_new,
    plugin_check,
    help,
    version,
};

struct CommandRow {
    Command command;
    std::string_view words;     ///< "config explain"; empty for the prompt
    std::string_view operands;  ///< "[KEY]", or "FILE" when it may not be left out; empty: takes none
    std::size_t max_operands;
    std::string_view summary;   ///< one line
    std::string_view details;   ///< paragraphs for its own help page; may be empty
};

/// In the order of the help page.
[[nodiscard]] std::span<const CommandRow> command_table();
[[nodiscard]] const CommandRow& describe(Command command);
/// The row whose words are exactly these; null when there is none.
[[nodiscard]] const CommandRow* find_command(std::string_view words);
/// "config" is a group: its verbs, "explain", …; empty when the word is no group.
[[nodiscard]] std::vector<std::string_view> verbs_of(std::string_view noun);
/// Every first word, each once.
[[nodiscard]] std::vector<std::string_view> first_words();

}  // namespace qwen::host
