#include "host/conversation/slash_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "host/cli/suggestion.hpp"
#include "host/terminal/sanitizer.hpp"

namespace qwen::host {
namespace {

/// From here on a row of the help fits into one line.
constexpr unsigned kWideHelp = 80;

constexpr std::array kRows{
    SlashRow{SlashCommand::auth, "/auth", "[PROVIDER]", "another provider or account; the conversation is kept"},
    SlashRow{SlashCommand::model, "/model", "[NAME]", "use another model; without a name: the models there are"},
    SlashRow{SlashCommand::status, "/status", "", "say who answers, and how long the conversation is"},
    SlashRow{SlashCommand::config, "/config", "[KEY]", "show every setting, where it comes from and what it hides"},
    SlashRow{SlashCommand::clear, "/clear", "", "forget the conversation"},
    SlashRow{SlashCommand::help, "/help", "", "show these commands"},
    SlashRow{SlashCommand::quit, "/quit", "", "leave (also Ctrl-D)"},
};

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    return first == std::string_view::npos ? std::string_view() : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Broken between words; `indent` blanks before each line.
std::string in_lines(std::string_view text, std::size_t indent, std::size_t columns) {
    std::string lines;
    while (!text.empty()) {
        const auto room = std::max<std::size_t>(columns > indent ? columns - indent : 1, 1);
        auto end = text.size() <= room ? text.size() : text.rfind(' ', room);
        if (end == std::string_view::npos) end = std::min(text.find(' '), text.size());
        lines += std::string(indent, ' ') + std::string(text.substr(0, end)) + '\n';
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

std::string_view first_word(std::string_view line) { return line.substr(0, line.find_first_of(" \t")); }

}  // namespace

std::span<const SlashRow> slash_table() { return kRows; }

bool is_slash_line(std::string_view line) {
    const auto word = first_word(line);
    return word.size() > 1 && word[0] == '/' && word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-", 1) == std::string_view::npos;
}

Result<SlashLine> parse_slash_line(std::string_view line) {
    const auto word = first_word(line);
    const auto operand = trimmed(line.substr(word.size()));
    const auto row = std::find_if(kRows.begin(), kRows.end(), [&](const SlashRow& candidate) { return candidate.word == word; });
    if (row == kRows.end()) {
        std::vector<std::string_view> words;
        for (const auto& known : kRows) words.push_back(known.word);
        const auto nearest = nearest_name(word, words);
        return Error{ErrorCode::usage, fmt::format("there is no command {}", sanitized_line(word, 40)), nearest.empty() ? "/help" : std::string(nearest), std::nullopt};
    }
    if (row->operand.empty() && !operand.empty())
        return Error{ErrorCode::usage, fmt::format("{} takes nothing behind it", row->word), std::string(row->word), std::nullopt};
    return SlashLine{row->command, std::string(operand)};
}

std::vector<std::string_view> slash_completions(std::string_view start) {
    std::vector<std::string_view> found;
    for (const auto& row : kRows)
        if (!start.empty() && row.word.starts_with(start)) found.push_back(row.word);
    return found;
}

std::string remembered_form(std::string_view line) { return std::string(is_slash_line(line) ? first_word(line) : line); }

std::string slash_help(unsigned columns) {
    if (columns == 0) columns = kWideHelp;
    std::string text;
    for (const auto& row : kRows) {
        const auto form = fmt::format("{} {}", row.word, row.operand);
        if (columns >= kWideHelp) text += fmt::format("  {:<20}{}\n", form, row.summary);
        else text += "  " + std::string(trimmed(form)) + '\n' + in_lines(row.summary, 6, columns);
    }
    return text + in_lines("Ctrl-C stops an answer; what was said until then is kept.", 2, columns);
}

}  // namespace qwen::host
