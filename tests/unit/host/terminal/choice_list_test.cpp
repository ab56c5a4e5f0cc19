#include "host/terminal/choice_list.hpp"

#include <doctest/doctest.h>

#include "host/terminal/drawn_lines.hpp"

using namespace qwen;
using namespace qwen::host;

namespace {

using Kind = Key::Kind;
using Outcome = ChoiceList::Outcome;

ChoiceQuestion providers() {
    return {"How?", {{"Qwen account", "browser"}, {"OpenAI", "API key"}, {"corp", "", "denied by the administrator (/etc/qwen/policy.toml:3)"}, {"OpenRouter", "API key"}}};
}

void type(ChoiceList& list, std::string_view text) {
    for (const char c : text) CHECK(list.press({Kind::character, static_cast<char32_t>(c)}) == Outcome::open);
}

}  // namespace

TEST_SUITE("host/terminal/choice_list") {

TEST_CASE("arrows go round, and past what is denied") {
    ChoiceList list(providers());
    CHECK(list.current() == 0);
    CHECK(list.press({Kind::down}) == Outcome::open);
    CHECK(list.press({Kind::down}) == Outcome::open);
    CHECK(list.current() == 3);
    CHECK(list.press({Kind::down}) == Outcome::open);
    CHECK(list.current() == 0);
    CHECK(list.press({Kind::up}) == Outcome::open);
    CHECK(list.current() == 3);
    CHECK(list.press({Kind::home}) == Outcome::open);
    CHECK(list.current() == 0);
    CHECK(list.press({Kind::end}) == Outcome::open);
    CHECK(list.press({Kind::enter}) == Outcome::chosen);
    CHECK(list.current() == 3);
}

TEST_CASE("a digit marks the row with that number; a denied row is not marked") {
    ChoiceList list(providers());
    type(list, "4");
    CHECK(list.current() == 3);
    type(list, "3");
    CHECK(list.current() == 3);
    type(list, "1");
    CHECK(list.current() == 0);
}

TEST_CASE("letters filter, backspace and Ctrl-U take them back") {
    ChoiceList list(providers());
    type(list, "OPEN r");
    CHECK(list.current() == 3);
    CHECK(list.press({Kind::backspace}) == Outcome::open);
    CHECK(list.current() == 1);
    type(list, "zzz");
    CHECK_FALSE(list.current());
    CHECK(list.press({Kind::enter}) == Outcome::open);
    CHECK(list.press({Kind::down}) == Outcome::open);
    CHECK(list.press({Kind::control, U'u'}) == Outcome::open);
    CHECK(list.current() == 0);
}

TEST_CASE("digits filter where names have digits in them") {
    ChoiceList list({"Which model?", {{"gpt-3.5", ""}, {"gpt-4o", ""}}, 0, ChoiceQuestion::Digits::filter});
    type(list, "4");
    CHECK(list.current() == 1);
}

TEST_CASE("Esc and Ctrl-D go back") {
    ChoiceList list(providers());
    CHECK(list.press({Kind::escape}) == Outcome::cancelled);
    CHECK(list.press({Kind::control, U'd'}) == Outcome::cancelled);
    type(list, "x");
    CHECK(list.press({Kind::control, U'd'}) == Outcome::open);
}

TEST_CASE("what is denied stands there with its reason and no number") {
    const auto lines = ChoiceList(providers()).lines(80, 24);
    REQUIRE(lines.size() == 6);
    CHECK(lines[0] == "How?");
    CHECK(lines[1] == "> 1 Qwen account  browser");
    CHECK(lines[3] == "    corp          denied by the administrator (/etc/qwen/policy.toml:3)");
    CHECK(lines[4] == "  4 OpenRouter    API key");
}

TEST_CASE("nothing but denied choices: there is nothing to choose") {
    ChoiceList list({"How?", {{"corp", "", "denied"}}});
    CHECK_FALSE(list.current());
    CHECK(list.press({Kind::enter}) == Outcome::open);
    CHECK(list.press({Kind::escape}) == Outcome::cancelled);
}

TEST_CASE("the frame fits whatever the size, and shows what is marked") {
    ChoiceQuestion question{"A title that is rather long, so that it cannot fit", {}};
    for (int i = 0; i < 50; ++i) question.choices.push_back({"\u6F22\u5B57 model number " + std::to_string(i), "with a detail\033[31m that is long as well"});
    ChoiceList list(question);
    for (int step = 0; step < 50; ++step) {
        for (const std::size_t columns : {1U, 8U, 24U, 40U, 80U}) {
            for (const std::size_t rows : {1U, 4U, 15U, 24U}) {
                const auto lines = list.lines(columns, rows);
                CHECK(lines.size() < std::max<std::size_t>(rows, 4));
                bool shows_marked = false;
                for (const auto& line : lines) {
                    CHECK(cells_of(line) <= std::max<std::size_t>(columns, 2) - 1);
                    CHECK(line.find('\033') == std::string::npos);
                    shows_marked = shows_marked || line.starts_with('>') || columns < 8;
                }
                CHECK(shows_marked);
            }
        }
        CHECK(list.press({Kind::down}) == Outcome::open);
    }
}

}  // TEST_SUITE
