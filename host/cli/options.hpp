// argv, understood: which command, its operands, its options, and the layer of settings given by flags.
//
// GNU rules: `--opt=value`, `--opt value`, `-ovalue`, grouped short options, options after operands, `--` ends options. The flags of settings come
// from the setting table, so a provider's settings are options without a line here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/config/layer.hpp"
#include "core/config/setting.hpp"
#include "host/cli/arguments.hpp"
#include "host/cli/command_table.hpp"
#include "host/terminal/terminal_facts.hpp"

namespace qwen::host {

enum class OutputFormat : std::uint8_t { text, json, stream_json };

struct Options {
    Command command = Command::prompt;
    std::vector<std::string> operands;
    /// Value of -p, the quoted operand, or the words after `--`; nullopt: none was given. "-" means standard input.
    std::optional<std::string> prompt;
    std::string system_prompt;
    OutputFormat output = OutputFormat::text;
    ColorChoice color = ColorChoice::automatic;
    std::string method;  ///< of `auth login` (empty: the provider's first) and `policy test`
    std::string origin;  ///< of `policy test`; empty: not given
    bool help = false;
    bool prompt_is_flag = false;  ///< it came with -p: a script's way
    bool online = false;
    std::string bundle;  ///< of `doctor`: a file to write; empty: none
    bool remove = false;
    bool list = false;
    bool version = false;
    bool raw = false;
    bool plain = false;
    bool debug = false;
    bool verbose = false;
    bool no_store = false;
    bool continues = false;     ///< the conversation that was written to last
    std::string conversation{}; ///< its id; empty: none named
    bool no_history = false;
    bool no_plugins = false;
    bool check = false;
    bool no_check = false;
    bool with_api_key = false;
    bool no_browser = false;
    bool show_qr_code = false;
    std::string language;  ///< of `plugin new`, as are kind and vendor; empty: not given
    std::string kind;
    std::string vendor;
    /// Of `plugin check`: flags and their values, for the program that does it.
    std::vector<std::string> checker_options;
    /// What flags say of settings; Source::flag.
    config::Layer flags;
};

/// An option of the program itself, beside the settings.
struct OptionRow {
    std::string_view flag;         ///< "--output"
    std::string_view short_flag;   ///< "-o"; empty: none
    std::string_view placeholder;  ///< "FORMAT"; empty: a switch
    std::string_view help;
    std::vector<Command> commands;  ///< where it is understood; empty: everywhere
    Result<void> (*apply)(Options& options, std::string_view value);
};

[[nodiscard]] const std::vector<OptionRow>& option_table();
[[nodiscard]] bool is_understood_by(const OptionRow& row, Command command);

/// Errors: usage, one line with the nearest known name as hint. Never holds the value of a secret.
[[nodiscard]] Result<Options> parse_options(const Arguments& arguments, const config::SettingTable& settings);

/// The output format as far as it can be told before (or although) parsing fails, so that errors keep the form that was asked for.
[[nodiscard]] OutputFormat output_format_of(const Arguments& arguments);

}  // namespace qwen::host
