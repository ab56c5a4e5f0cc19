#include "host/terminal/terminal_facts.hpp"

#include <doctest/doctest.h>

using namespace qwen::host;
using qwen::system::Environment;

namespace {

struct ColorRow {
    const char* name;
    std::map<std::string, std::string, std::less<>> variables;
    bool is_terminal;
    bool is_dumb;
    ColorChoice choice;
    bool expected;
};

Environment environment_with(std::map<std::string, std::string, std::less<>> variables) {
    Environment environment;
    environment.variables = std::move(variables);
    return environment;
}

}  // namespace

TEST_SUITE("host/terminal/terminal_facts") {

TEST_CASE("colour follows the choice, NO_COLOR, CLICOLOR_FORCE, the terminal, in this order") {
    using enum ColorChoice;
    const ColorRow rows[] = {
        {"terminal", {}, true, false, automatic, true},
        {"pipe", {}, false, false, automatic, false},
        {"dumb terminal", {}, true, true, automatic, false},
        {"NO_COLOR", {{"NO_COLOR", "1"}}, true, false, automatic, false},
        {"empty NO_COLOR", {{"NO_COLOR", ""}}, true, false, automatic, true},
        {"forced on a pipe", {{"CLICOLOR_FORCE", "1"}}, false, false, automatic, true},
        {"force of 0", {{"CLICOLOR_FORCE", "0"}}, false, false, automatic, false},
        {"NO_COLOR beats force", {{"NO_COLOR", "1"}, {"CLICOLOR_FORCE", "1"}}, true, false, automatic, false},
        {"--color=always beats NO_COLOR", {{"NO_COLOR", "1"}}, false, false, always, true},
        {"--color=never", {{"CLICOLOR_FORCE", "1"}}, true, false, never, false},
    };
    for (const auto& row : rows) {
        CAPTURE(row.name);
        CHECK(use_color(row.is_terminal, row.is_dumb, row.choice, environment_with(row.variables)) == row.expected);
    }
}

TEST_CASE("the first locale variable that is not empty says whether symbols may be used") {
    CHECK(TerminalFacts::detect(environment_with({{"LANG", "fr_FR.UTF-8"}})).is_utf8);
    CHECK(TerminalFacts::detect(environment_with({{"LANG", "C.utf8"}})).is_utf8);
    CHECK_FALSE(TerminalFacts::detect(environment_with({{"LANG", "fr_FR.UTF-8"}, {"LC_ALL", "C"}})).is_utf8);
    CHECK(TerminalFacts::detect(environment_with({{"LANG", "de_DE.UTF-8"}, {"LC_ALL", ""}})).is_utf8);
    CHECK_FALSE(TerminalFacts::detect(environment_with({})).is_utf8);
}

TEST_CASE("without TERM nothing is redrawn") {
    CHECK(TerminalFacts::detect(environment_with({})).is_dumb);
    CHECK(TerminalFacts::detect(environment_with({{"TERM", "dumb"}})).is_dumb);
    CHECK_FALSE(TerminalFacts::detect(environment_with({{"TERM", "xterm-256color"}})).is_dumb);
}

}
