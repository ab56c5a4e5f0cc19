#include "host/stored_accounts.hpp"

#include <doctest/doctest.h>

using namespace qwen;
using namespace qwen::host;

namespace {

const std::vector<Account> kSome{{"openrouter", "work"}, {"openai"}, {"openrouter", "home"}, {"openai", "home"}, {"qwen_oauth"}};

}  // namespace

TEST_SUITE("host/stored_accounts") {

TEST_CASE("an account is found by its name, with its provider, or by its provider alone") {
    struct Row {
        std::string_view wanted;
        std::string_view provider;
        Account account;
    };
    const Row rows[] = {
        {"work", "", {"openrouter", "work"}},     {"openai/home", "", {"openai", "home"}}, {"home", "openai", {"openai", "home"}},
        {"openai", "", {"openai"}},               {"qwen", "", {"qwen_oauth"}},            {"qwen-oauth/default", "", {"qwen_oauth"}},
        {"default", "openai", {"openai"}},
    };
    for (const auto& row : rows) {
        CAPTURE(row.wanted);
        const auto found = find_account(kSome, row.wanted, row.provider);
        REQUIRE(found);
        CHECK(*found == row.account);
    }
}

TEST_CASE("a name of several accounts, and of none, is an error that names them") {
    CHECK(find_account(kSome, "home", "").error().code == ErrorCode::usage);
    CHECK(find_account(kSome, "home", "").error().hint == "one of openrouter/home, openai/home");
    CHECK(find_account(kSome, "openrouter", "").error().code == ErrorCode::not_authenticated);
    CHECK(find_account(kSome, "work", "openai").error().code == ErrorCode::not_authenticated);
    CHECK(find_account({}, "work", "").error().hint == "qwen auth login PROVIDER --account work");
}

TEST_CASE("names are such as a command line and a file can hold") {
    for (const auto* good : {"work", "ana@example.com", "a", "2nd-key_v1.0+x"}) CHECK(check_account_name(good));
    for (const auto* bad : {"", "../x", "a/b", "-x", ".x", "with space", "\033[31m", "\xC3\xA9"}) CHECK_FALSE(check_account_name(bad));
    CHECK_FALSE(check_account_name(std::string(65, 'a')));
}

}  // TEST_SUITE
