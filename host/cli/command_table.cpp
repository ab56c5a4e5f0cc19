#include "host/cli/command_table.hpp"

#include <algorithm>
#include <array>

namespace qwen::host {
namespace {

constexpr std::array kCommands{
    CommandRow{Command::prompt, "", "\"PROMPT\" | -p PROMPT | -- WORDS | -", 64, "ask the model and print its answer",
               "The prompt is one quoted argument, the value of -p, the words after --, or standard input. Piped input is appended to the prompt after an\n"
               "empty line. Only the answer goes to standard output."},
    CommandRow{Command::models, "models", "", 0, "list the models the account can use", ""},
    CommandRow{Command::config_explain, "config explain", "[KEY]", 1, "show every setting, where it comes from and what it hides",
               "Instant and offline; secrets are shown by their last four characters."},
    CommandRow{Command::help, "help", "[COMMAND | exit-codes]", 2, "show help for a command, or the exit statuses", ""},
    CommandRow{Command::version, "version", "", 0, "show the version", ""},
};

std::string_view first_word(std::string_view words) { return words.substr(0, words.find(' ')); }

}  // namespace

std::span<const CommandRow> command_table() { return kCommands; }

const CommandRow& describe(Command command) {
    return *std::find_if(kCommands.begin(), kCommands.end(), [&](const auto& row) { return row.command == command; });
}

const CommandRow* find_command(std::string_view words) {
    const auto row = std::find_if(kCommands.begin(), kCommands.end(), [&](const auto& candidate) { return candidate.words == words; });
    return row == kCommands.end() || words.empty() ? nullptr : &*row;
}

std::vector<std::string_view> verbs_of(std::string_view noun) {
    std::vector<std::string_view> verbs;
    for (const auto& row : kCommands)
        if (row.words.size() > noun.size() && row.words.starts_with(noun) && row.words[noun.size()] == ' ') verbs.push_back(row.words.substr(noun.size() + 1));
    return verbs;
}

std::vector<std::string_view> first_words() {
    std::vector<std::string_view> words;
    for (const auto& row : kCommands) {
        const auto word = first_word(row.words);
        if (!word.empty() && std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
    }
    return words;
}

}  // namespace qwen::host
