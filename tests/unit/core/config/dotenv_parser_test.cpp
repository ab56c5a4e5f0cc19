#include "core/config/dotenv_parser.hpp"

#include <doctest/doctest.h>

using namespace qwen;
using namespace qwen::config;

TEST_SUITE("core/config/dotenv_parser") {

TEST_CASE("one assignment, in every accepted spelling") {
    struct Row {
        std::string_view text;
        std::string_view value;
    };
    const Row rows[] = {
        {"K=v", "v"},
        {"K = v ", "v"},
        {"export K=v", "v"},
        {"  K=v", "v"},
        {"K: v", "v"},
        {"\xEF\xBB\xBFK=v\r\n", "v"},
        {"K=", ""},
        {"K=\"\"", ""},
        {"K=a b # comment", "a b"},
        {"K=a#b", "a"},
        {"K=\"a#b\" # comment", "a#b"},
        {"K='a b'", "a b"},
        {"K=`a 'b' \"c\"`", "a 'b' \"c\""},
        {"K=\"a\\nb\"", "a\nb"},
        {"K='a\\nb'", "a\\nb"},
        {"K=a\\nb", "a\\nb"},
        {"K=\"a\nb\"", "a\nb"},
        {"K=$HOME ${X}", "$HOME ${X}"},
        {"# comment\n\nnonsense\nK=v", "v"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.text);
        const auto entries = parse_dotenv(row.text, "/p/.env");
        REQUIRE(entries);
        REQUIRE(entries->size() == 1);
        CHECK(entries->front().name == "K");
        CHECK(entries->front().value.reveal() == row.value);
    }
}

TEST_CASE("entries know their line, also behind a value of several lines") {
    const auto entries = parse_dotenv("A=\"1\n2\"\n# c\nB=3\n", "/p/.env");
    REQUIRE(entries);
    REQUIRE(entries->size() == 2);
    CHECK((*entries)[0].line == 1);
    CHECK((*entries)[1].line == 4);
}

TEST_CASE("a file that is no proper text is refused with its line and without its content") {
    using namespace std::string_view_literals;
    struct Row {
        std::string_view text;
        std::uint32_t line;
    };
    const Row rows[] = {{"A=1\nK=\"sk-canary\n", 2}, {"A=1\nB=sk-canary\0x"sv, 2}, {"K=sk-canary\xFF", 0}};
    for (const auto& row : rows) {
        const auto entries = parse_dotenv(row.text, "/p/.env");
        REQUIRE_FALSE(entries);
        CHECK(entries.error().code == ErrorCode::dotenv_refused);
        CHECK(entries.error().where == FileLocation{"/p/.env", row.line, 0});
        CHECK(entries.error().message.find("canary") == std::string::npos);
    }
}

TEST_CASE("a file with too many entries is refused") {
    std::string text;
    for (int i = 0; i < 300; ++i) text += "K" + std::to_string(i) + "=v\n";
    CHECK_FALSE(parse_dotenv(text, "/p/.env"));
}

}
