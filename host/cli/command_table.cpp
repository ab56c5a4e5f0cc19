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
    CommandRow{Command::auth_login, "auth login", "[PROVIDER]", 1, "sign in, or store an API key",
               "Without --with-api-key a key is asked for, hidden, on the terminal. A device sign-in without a terminal starts only with --no-browser or --json.\n"
               "The credential is checked with one request before \"signed in\" is said."},
    CommandRow{Command::auth_status, "auth status", "[PROVIDER]", 1, "say whether the credential works",
               "Offline; --check makes one request. Verdicts: ok, expired, refused, unreachable, blocked, not signed in."},
    CommandRow{Command::auth_logout, "auth logout", "[PROVIDER]", 1, "revoke and remove the stored credential", ""},
    CommandRow{Command::auth_refresh, "auth refresh", "[PROVIDER]", 1, "renew the sign-in now", ""},
    CommandRow{Command::auth_list, "auth list", "", 0, "list the providers and what is stored for them", ""},
    CommandRow{Command::config_explain, "config explain", "[KEY]", 1, "show every setting, where it comes from and what it hides",
               "Instant and offline; secrets are shown by their last four characters."},
    CommandRow{Command::plugin_list, "plugin list", "", 0, "list the provider plugins and why each may be used or not", "Runs none of their code."},
    CommandRow{Command::plugin_inspect, "plugin inspect", "FILE", 1, "show what a plugin file says of itself", "Runs none of its code."},
    CommandRow{Command::plugin_why, "plugin why", "ID", 1, "say which file provides ID and which rule decided", ""},
    CommandRow{Command::plugin_verify, "plugin verify", "", 0, "check every installed plugin file; fails when one is refused", ""},
    CommandRow{Command::policy_show, "policy show", "", 0, "show the administrator's policy in force", ""},
    CommandRow{Command::policy_test, "policy test", "", 0, "say whether --provider (and --origin, --model) would be allowed", "Exit status 0: allowed, 7: denied."},
    CommandRow{Command::policy_lint, "policy lint", "FILE", 1, "check a policy file before it is deployed", ""},
    CommandRow{Command::doctor, "doctor", "", 0, "check configuration, files, plugins and, with --online, the way to the server",
               "The exit status is that of the worst finding."},
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
