#include "host/cli/command_table.hpp"

#include <algorithm>
#include <array>

namespace qwen::host {
namespace {

constexpr std::array kCommands{
    CommandRow{Command::prompt, "", "\"PROMPT\" | -p PROMPT | -- WORDS | -", 64, "ask the model and print its answer",
               "The prompt is one quoted argument, the value of -p, the words after --, or standard input. Piped input is appended to the prompt after an\n"
               "empty line. Only the answer goes to standard output. Without a prompt, on a terminal: a conversation."},
    CommandRow{Command::models, "models", "", 0, "list the models the account can use", ""},
    CommandRow{Command::auth_login, "auth login", "[PROVIDER]", 1, "sign in, or store an API key",
               "Shows a link and a code for any browser, on this machine or another; with --json the same as events on standard output.\n"
               "With --with-api-key the key is read from standard input:  printenv KEY | qwen auth login openai --with-api-key\n"
               "\"Signed in\" is said after one request has shown that the credential works."},
    CommandRow{Command::auth_status, "auth status", "[PROVIDER]", 1, "say whether the credentials work",
               "Offline; --check makes one request for each. Verdicts: ok, expires, refused, unreachable, blocked, not_signed_in.\n"
               "Exit status 0: the first one can be used; 4: it cannot; 7: the administrator denies it."},
    CommandRow{Command::auth_logout, "auth logout", "[PROVIDER]", 1, "revoke and remove a stored credential", ""},
    CommandRow{Command::auth_refresh, "auth refresh", "[PROVIDER]", 1, "renew the sign-in now", ""},
    CommandRow{Command::auth_list, "auth list", "", 0, "list the accounts, and where they are stored", "The one with a star answers when nothing else decides: auth switch."},
    CommandRow{Command::auth_switch, "auth switch", "[ACCOUNT]", 1, "choose the account that answers when nothing else decides",
               "ACCOUNT is a name, PROVIDER/NAME, or a provider; without it a list on a terminal. --account NAME and QWEN_ACCOUNT choose for one call and write nothing."},
    CommandRow{Command::auth_move, "auth move", "keyring|file [PROVIDER]", 2, "move stored credentials to the system keyring or to files",
               "Each is read back at its new place before it leaves the old one. A sign-in of qwen_oauth in the keyring is not shared with Qwen Code.\n"
               "New keys go where --storage says: with auto, to the system keyring where there is one."},
    CommandRow{Command::config_explain, "config explain", "[KEY]", 1, "show every setting, where it comes from and what it hides",
               "Instant and offline; secrets are shown by their last four characters."},
    CommandRow{Command::trust_origin, "trust origin", "[URL | --list]", 1, "let the key in use go to a server that a project's file names",
               "For this key only; nothing is sent now. --remove takes it back. In CI, QWEN_TRUST_ORIGINS in the environment does the same for a run."},
    CommandRow{Command::policy_show, "policy show", "", 0, "show the administrator's rules and where they stand", ""},
    CommandRow{Command::policy_test, "policy test", "", 0, "ask whether --provider, --origin, --model, --method are allowed",
               "Exit status 0: allowed; 7: denied, with the rule's file and line. Nothing is sent."},
    CommandRow{Command::policy_lint, "policy lint", "FILE", 1, "check a policy file before it is deployed", ""},
    CommandRow{Command::doctor, "doctor", "", 0, "find out what is wrong, and what to do about it",
               "Looks at policy, configuration, .env, plugins, credential, origin, network and terminal; sends nothing without --online.\n"
               "Verdicts: ok, warning, skipped, refused, expired, unreachable, blocked. The exit status is that of the worst."},
    CommandRow{Command::plugin_list, "plugin list", "", 0, "list the plugins and whether they are used",
               "Runs no code of a plugin. With --json every fact: version, vendor, interface, origins, settings, hash, owner, mode, and the rule that decided.\n"
               "Below the list: what a plugin's own process really has on this machine, measured by starting one without a plugin."},
    CommandRow{Command::plugin_inspect, "plugin inspect", "FILE | ID", 1, "show what a plugin file is", "Runs no code of the plugin; the file may be anywhere."},
    CommandRow{Command::plugin_why, "plugin why", "ID", 1, "say why a plugin is used or not", "Exit status 0: it would be used; 7: the policy denies it; 3: it is refused."},
    CommandRow{Command::plugin_verify, "plugin verify", "", 0, "check every plugin file as before use", "Exit status 0 when all of them would be used."},
    CommandRow{Command::plugin_install, "plugin install", "FILE", 1, "check a plugin file and copy it to your plugins",
               "Copies into ~/.qwen/plugins, in one step and for you alone, and prints the lines for /etc/qwen/policy.toml that pin it."},
    CommandRow{Command::plugin_new, "plugin new", "NAME [DIR]", 2, "write a project to start a provider of your own from",
               "The project builds with the SDK, a compiler and CMake, and works at once; DIR is NAME unless it is given.\n"
               "api-key, device-code and signing are there in c, cpp and rust, command in c. How to go on: docs/plugins/tutorial.md."},
    CommandRow{Command::plugin_check, "plugin check", "FILE", 1, "run a plugin file through the rules for providers",
               "For authors: runs the plugin's code as you, each rule in a process of its own, with settings, servers and a clock that are made up; nothing is\n"
               "sent, and no credential of yours is read. Exit status 0: every rule is kept; 1: not; 2: there is no such file or rule. The rules: docs/plugins/rules.md."},
    CommandRow{Command::help, "help", "[COMMAND | exit-codes]", 2, "show help for a command, or the exit statuses", ""},
    CommandRow{Command::version, "version", "", 0, "show the version", ""},
};

std::string_view leading_word(std::string_view words) { return words.substr(0, words.find(' ')); }

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
        const auto word = leading_word(row.words);
        if (!word.empty() && std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
    }
    return words;
}

}  // namespace qwen::host
