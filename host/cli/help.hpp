// The help pages, made from the command, option and setting tables.
#pragma once

#include <string>

#include "core/config/setting.hpp"
#include "host/cli/command_table.hpp"

namespace qwen::host {

/// `qwen --help`: usage, commands, options, the settings of the core and of every provider in `settings`.
[[nodiscard]] std::string overview_help(const config::SettingTable& settings);
/// `qwen auth login --help`.
[[nodiscard]] std::string command_help(const CommandRow& row);
/// `qwen help auth`: the commands of a noun; empty when the word is none.
[[nodiscard]] std::string group_help(std::string_view noun);
/// `qwen help exit-codes`.
[[nodiscard]] std::string exit_code_help();
[[nodiscard]] std::string version_text();

}  // namespace qwen::host
