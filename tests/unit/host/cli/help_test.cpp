#include "host/cli/help.hpp"

#include <doctest/doctest.h>

#include "host/cli/options.hpp"

using namespace qwen;
using namespace qwen::host;

TEST_SUITE("host/cli/help") {

TEST_CASE("the overview names every command, option and setting flag, a provider's in its own section") {
    config::SettingTable settings;
    REQUIRE(settings.add({.key = "model", .flag = "--model", .short_flag = "-m", .help = "the model"}));
    REQUIRE(settings.add({.key = "providers.acme.pin", .type = config::ValueType::secret, .flag = "--acme-pin", .help = "the PIN", .provider = "acme"}));

    const auto text = overview_help(settings);

    for (const auto& row : command_table()) CHECK(text.find(row.words) != std::string::npos);
    for (const auto& row : option_table())
        if (is_understood_by(row, Command::prompt)) CHECK(text.find(row.flag) != std::string::npos);
    CHECK(text.find("-m, --model VALUE") != std::string::npos);
    CHECK(text.find("\nProvider acme\n") < text.find("--acme-pin"));
}

TEST_CASE("a command's page shows its own options") {
    const auto prompt = command_help(describe(Command::prompt));
    CHECK(prompt.find("--system") != std::string::npos);
    const auto explain = command_help(describe(Command::config_explain));
    CHECK(explain.starts_with("Usage: qwen config explain [KEY] [OPTIONS]\n"));
    CHECK(explain.find("--system") == std::string::npos);
}

TEST_CASE("the exit statuses are the ones the program uses") {
    const auto text = exit_code_help();
    for (const auto* line : {"   0  ok\n", "   2  the command line", "   4  not signed in", "   7  denied", " 130  stopped"})
        CHECK(text.find(line) != std::string::npos);
}

TEST_CASE("a noun shows its verbs") {
    CHECK(group_help("config").find("config explain") != std::string::npos);
    CHECK(group_help("nonsense").empty());
}

}
