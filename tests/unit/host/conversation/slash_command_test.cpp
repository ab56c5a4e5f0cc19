#include "host/conversation/slash_command.hpp"

#include <doctest/doctest.h>

using namespace qwen;
using namespace qwen::host;

TEST_SUITE("host/conversation/slash_command") {

TEST_CASE("a slash and a word is a command, a path or anything else is a question") {
    for (const auto* line : {"/auth", "/auth openai", "/hlep", "/Model x", "/x-y"}) {
        CAPTURE(line);
        CHECK(is_slash_line(line));
    }
    for (const auto* line : {"", "/", "/ auth", "/etc/passwd", "/2", " /auth", "what is /auth", "//comment"}) {
        CAPTURE(line);
        CHECK_FALSE(is_slash_line(line));
    }
}

TEST_CASE("every command of the table is understood, with and without what it takes") {
    for (const auto& row : slash_table()) {
        CAPTURE(row.word);
        const auto bare = parse_slash_line(row.word);
        REQUIRE(bare);
        CHECK(bare->command == row.command);
        CHECK(bare->operand.empty());
        const auto with_operand = parse_slash_line(std::string(row.word) + " \t some thing  ");
        CHECK(with_operand.has_value() == !row.operand.empty());
        if (with_operand) CHECK(with_operand->operand == "some thing");
        CHECK(slash_help(80).find(row.word) != std::string::npos);
        CHECK(slash_completions(row.word) == std::vector<std::string_view>{row.word});
    }
}

TEST_CASE("an unknown command names the nearest one, and shows nothing that moves the cursor") {
    const auto misspelt = parse_slash_line("/modle gpt");
    CHECK(misspelt.error().code == ErrorCode::usage);
    CHECK(misspelt.error().hint == "/model");
    CHECK(parse_slash_line("/zzzzzzzz").error().hint == "/help");
    CHECK(parse_slash_line("/\x1b[2J").error().message.find('\x1b') == std::string::npos);
}

TEST_CASE("the help is as wide as the terminal, and says the same") {
    const auto words_of = [](std::string text) {
        std::string words;
        for (const char c : text)
            if (c != ' ' && c != '\n') words += c;
        return words;
    };
    for (const unsigned columns : {20U, 39U, 40U, 60U, 80U, 200U}) {
        CAPTURE(columns);
        const auto help = slash_help(columns);
        CHECK(words_of(help) == words_of(slash_help(200)));
        for (std::size_t begin = 0; begin < help.size(); begin = help.find('\n', begin) + 1) CHECK(help.find('\n', begin) - begin <= columns);
    }
}

TEST_CASE("of a command the history keeps the word, of a question everything") {
    CHECK(remembered_form("/auth openai sk-something-secret") == "/auth");
    CHECK(remembered_form("/atuh\tsk-something-secret") == "/atuh");
    CHECK(remembered_form("/status") == "/status");
    CHECK(remembered_form("/etc/passwd is what?") == "/etc/passwd is what?");
    CHECK(remembered_form("what is\nthis") == "what is\nthis");
}

TEST_CASE("nothing typed completes to nothing") {
    CHECK(slash_completions("").empty());
    CHECK(slash_completions("/").size() == slash_table().size());
    CHECK(slash_completions("/nothing").empty());
}

}  // TEST_SUITE
