#include "host/cli/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "host/cli/suggestion.hpp"
#include "host/terminal/sanitizer.hpp"

namespace qwen::host {
namespace {

Error usage_error(std::string message, std::string hint = {}) { return {ErrorCode::usage, std::move(message), std::move(hint), std::nullopt}; }

/// What a flag stands for: an option of the program, or a setting.
struct FlagMeaning {
    const OptionRow* option = nullptr;
    const config::Setting* setting = nullptr;

    [[nodiscard]] bool found() const { return option != nullptr || setting != nullptr; }
    [[nodiscard]] bool takes_value() const {
        return option != nullptr ? !option->placeholder.empty() : setting->type != config::ValueType::boolean;
    }
    [[nodiscard]] std::string_view name() const { return option != nullptr ? option->flag : std::string_view(setting->flag); }
};

/// An operand and whether it came after `--`.
struct Operand {
    std::string_view text;
    bool after_dashes = false;
};

class OptionParser {
public:
    OptionParser(const Arguments& arguments, const config::SettingTable& settings) : arguments_(arguments), settings_(settings) {
        options_.flags.source = config::Source::flag;
    }

    Result<Options> parse() {
        QWEN_CHECK(read_arguments());
        QWEN_CHECK(read_command());
        QWEN_CHECK(check_scopes());
        return std::move(options_);
    }

private:
    Result<void> read_arguments();
    Result<void> read_long(std::string_view argument, std::size_t& index);
    Result<void> read_short_group(std::string_view argument, std::size_t& index);
    Result<void> apply(const FlagMeaning& meaning, std::string_view value);
    Result<std::string_view> next_value(const FlagMeaning& meaning, std::size_t& index) const;
    Result<void> read_command();
    Result<void> read_prompt_operands();
    Result<void> check_scopes() const;
    [[nodiscard]] FlagMeaning find_long(std::string_view flag) const;
    [[nodiscard]] FlagMeaning find_short(std::string_view flag) const;
    [[nodiscard]] Error unknown_option(std::string_view flag) const;

    const Arguments& arguments_;
    const config::SettingTable& settings_;
    Options options_;
    std::vector<Operand> operands_;
    std::vector<const OptionRow*> used_;
};

FlagMeaning OptionParser::find_long(std::string_view flag) const {
    for (const auto& row : option_table())
        if (row.flag == flag) return {&row, nullptr};
    return {nullptr, settings_.find_flag(flag)};
}

FlagMeaning OptionParser::find_short(std::string_view flag) const {
    for (const auto& row : option_table())
        if (row.short_flag == flag) return {&row, nullptr};
    for (const auto& setting : settings_.all())
        if (setting.short_flag == flag) return {nullptr, &setting};
    return {};
}

Error OptionParser::unknown_option(std::string_view flag) const {
    std::vector<std::string_view> known;
    for (const auto& row : option_table()) known.push_back(row.flag);
    for (const auto& setting : settings_.all())
        if (!setting.flag.empty()) known.push_back(setting.flag);
    const auto nearest = nearest_name(flag, known);
    return usage_error(fmt::format("unknown option {}", sanitized_line(flag, 60)), nearest.empty() ? "qwen --help" : fmt::format("{}", nearest));
}

Result<void> OptionParser::read_arguments() {
    bool after_dashes = false;
    for (std::size_t i = 0; i < arguments_.size(); ++i) {
        const auto argument = arguments_[i];
        if (after_dashes || argument == "-" || !argument.starts_with('-')) {
            operands_.push_back({argument, after_dashes});
        } else if (argument == "--") {
            after_dashes = true;
        } else if (argument.starts_with("--")) {
            QWEN_CHECK(read_long(argument, i));
        } else {
            QWEN_CHECK(read_short_group(argument, i));
        }
    }
    return {};
}

Result<std::string_view> OptionParser::next_value(const FlagMeaning& meaning, std::size_t& index) const {
    if (index + 1 >= arguments_.size()) return usage_error(fmt::format("{} needs a value", meaning.name()));
    return arguments_[++index];
}

Result<void> OptionParser::read_long(std::string_view argument, std::size_t& index) {
    const auto equals = argument.find('=');
    const auto flag = argument.substr(0, equals);
    const auto meaning = find_long(flag);
    if (!meaning.found()) return unknown_option(flag);
    const bool has_value = equals != std::string_view::npos;
    if (has_value) {
        if (meaning.option != nullptr && !meaning.takes_value()) return usage_error(fmt::format("{} takes no value", flag));
        return apply(meaning, argument.substr(equals + 1));
    }
    if (!meaning.takes_value()) return apply(meaning, "true");
    QWEN_TRY(const auto value, next_value(meaning, index));
    return apply(meaning, value);
}

Result<void> OptionParser::read_short_group(std::string_view argument, std::size_t& index) {
    for (std::size_t at = 1; at < argument.size(); ++at) {
        const std::array<char, 2> flag{'-', argument[at]};
        const auto meaning = find_short({flag.data(), flag.size()});
        if (!meaning.found()) return unknown_option({flag.data(), flag.size()});
        if (!meaning.takes_value()) {
            QWEN_CHECK(apply(meaning, "true"));
            continue;
        }
        if (at + 1 < argument.size()) return apply(meaning, argument.substr(at + (argument[at + 1] == '=' ? 2 : 1)));
        QWEN_TRY(const auto value, next_value(meaning, index));
        return apply(meaning, value);
    }
    return {};
}

Result<void> OptionParser::apply(const FlagMeaning& meaning, std::string_view value) {
    if (meaning.option != nullptr) {
        used_.push_back(meaning.option);
        return meaning.option->apply(options_, value);
    }
    config::Provenance from{config::Source::flag, config::TrustClass::explicit_choice, meaning.setting->flag, {}, {}};
    options_.flags.entries.push_back({meaning.setting->key, Secret(value), std::move(from)});
    return {};
}

Result<void> OptionParser::read_command() {
    if (operands_.empty() || operands_.front().after_dashes || options_.prompt) return read_prompt_operands();
    const auto word = operands_.front().text;
    std::size_t used_words = 1;
    const CommandRow* row = find_command(word);
    if (const auto verbs = verbs_of(word); row == nullptr && !verbs.empty()) {
        const auto verb = operands_.size() > 1 ? operands_[1].text : std::string_view{};
        if (verb.empty() && options_.help) {
            options_.command = Command::help;
            options_.operands = {std::string(word)};
            return {};
        }
        row = find_command(fmt::format("{} {}", word, verb));
        if (row == nullptr) {
            const auto nearest = nearest_name(verb, verbs);
            return usage_error(verb.empty() ? fmt::format("qwen {} needs one of: {}", word, fmt::join(verbs, ", "))
                                            : fmt::format("qwen {} has no \"{}\"", word, sanitized_line(verb, 40)),
                               fmt::format("qwen {} {}", word, nearest.empty() ? verbs.front() : nearest));
        }
        used_words = 2;
    }
    if (row == nullptr) return read_prompt_operands();

    options_.command = row->command;
    for (std::size_t i = used_words; i < operands_.size(); ++i) options_.operands.emplace_back(operands_[i].text);
    if (options_.operands.empty() && !options_.help && !row->operands.empty() && !row->operands.starts_with('['))
        return usage_error(fmt::format("qwen {} needs {}", row->words, row->operands), fmt::format("qwen {} --help", row->words));
    if (options_.operands.size() > row->max_operands)
        return usage_error(fmt::format("qwen {} does not know what to do with \"{}\"", row->words, sanitized_line(options_.operands.back(), 40)),
                           fmt::format("qwen {} --help", row->words));
    return {};
}

/// A bare word is a prompt only when it is one quoted argument with a space, "-", or follows `--`.
Result<void> OptionParser::read_prompt_operands() {
    options_.command = Command::prompt;
    if (operands_.empty()) return {};
    const bool all_after_dashes = operands_.front().after_dashes;
    std::string text;
    for (const auto& operand : operands_) text += (text.empty() ? "" : " ") + std::string(operand.text);
    if (options_.prompt) return usage_error("a prompt was given both with -p and as an operand", "give it once");

    const bool is_quoted_text = operands_.size() == 1 && text.find_first_of(" \t\n") != std::string::npos;
    if (all_after_dashes || is_quoted_text || (operands_.size() == 1 && text == "-")) {
        options_.prompt = std::move(text);
        return {};
    }
    const auto word = operands_.front().text;
    const auto known = first_words();
    if (const auto nearest = nearest_name(word, known); !nearest.empty())
        return usage_error(fmt::format("\"{}\" is no command; did you mean \"{}\"?", sanitized_line(word, 40), nearest),
                           fmt::format("qwen {}, or for a prompt: qwen -p \"…\"", nearest));
    return usage_error(fmt::format("\"{}\" is no command", sanitized_line(word, 40)), fmt::format("quote the prompt: qwen -p \"{}\"", sanitized_line(text, 60)));
}

Result<void> OptionParser::check_scopes() const {
    if (options_.help || options_.version) return {};
    for (const auto* row : used_)
        if (!is_understood_by(*row, options_.command)) {
            const auto words = describe(options_.command).words;
            return usage_error(words.empty() ? fmt::format("{} does not go with a prompt", row->flag) : fmt::format("{} does not go with qwen {}", row->flag, words),
                               words.empty() ? std::string("qwen --help") : fmt::format("qwen {} --help", words));
        }
    return {};
}

}  // namespace

Result<Options> parse_options(const Arguments& arguments, const config::SettingTable& settings) { return OptionParser(arguments, settings).parse(); }

OutputFormat output_format_of(const Arguments& arguments) {
    OutputFormat format = OutputFormat::text;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const auto argument = arguments[i];
        if (argument == "--") break;
        const bool joined = argument.starts_with("--output=") || argument.starts_with("--output-format=");
        const bool separate = argument == "-o" || argument == "--output" || argument == "--output-format";
        std::string_view value;
        if (joined) value = argument.substr(argument.find('=') + 1);
        else if (separate && i + 1 < arguments.size()) value = arguments[i + 1];
        else if (argument.starts_with("-o") && !argument.starts_with("--")) value = argument.substr(2);
        if (argument == "--json" || value == "json") format = OutputFormat::json;
        if (value == "stream-json") format = OutputFormat::stream_json;
    }
    return format;
}

}  // namespace qwen::host
