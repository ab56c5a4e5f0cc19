#include "host/terminal/entry_field.hpp"

#include <doctest/doctest.h>

#include "host/terminal/drawn_lines.hpp"

using namespace qwen;
using namespace qwen::host;

namespace {

using Kind = Key::Kind;
using Outcome = EntryField::Outcome;

void type(EntryField& field, std::string_view text) {
    for (const char c : text) CHECK(field.press({Kind::character, static_cast<char32_t>(c)}) == Outcome::open);
}

}  // namespace

TEST_SUITE("host/terminal/entry_field") {

TEST_CASE("a secret is dots until Ctrl-R, and dots again after the next one") {
    EntryField field({.label = "API key", .kind = EntryQuestion::Kind::secret});
    type(field, "sk-123");
    CHECK(field.lines(80)[1] == "API key: ••••••");
    CHECK(field.press({Kind::control, U'r'}) == Outcome::open);
    CHECK(field.lines(80) == std::vector<std::string>{"Ctrl-R hides it, Esc back", "API key: sk-123"});
    CHECK(field.press({Kind::control, U'r'}) == Outcome::open);
    CHECK(field.lines(80) == std::vector<std::string>{"Ctrl-R shows it, Esc back", "API key: ••••••"});
    CHECK(field.press({Kind::enter}) == Outcome::done);
    CHECK(field.answer().equals("sk-123"));
    CHECK(field.closing_line(80) == "API key: ••••••••");
}

TEST_CASE("Enter alone is the suggestion, or nothing at all") {
    EntryField with({.label = "Base URL", .suggestion = "https://api.openai.com/v1"});
    CHECK(with.press({Kind::enter}) == Outcome::done);
    CHECK(with.answer().equals("https://api.openai.com/v1"));
    CHECK(with.closing_line(80) == "Base URL: https://api.openai.com/v1");
    EntryField without({.label = "Base URL"});
    CHECK(without.press({Kind::enter}) == Outcome::open);
    EntryField optional({.label = "API key", .kind = EntryQuestion::Kind::secret, .may_be_empty = true});
    CHECK(optional.press({Kind::enter}) == Outcome::done);
    CHECK(optional.answer().empty());
}

TEST_CASE("backspace takes a character, Ctrl-U all of them, a pasted line break stays") {
    EntryField field({.label = "Name"});
    CHECK(field.press({Kind::character, U'\u6F22'}) == Outcome::open);
    CHECK(field.press({Kind::backspace}) == Outcome::open);
    CHECK(field.answer().empty());
    type(field, "a\nb");
    CHECK(field.answer().equals("a\nb"));
    CHECK(field.lines(80).size() == 2);
    CHECK(field.press({Kind::control, U'u'}) == Outcome::open);
    CHECK(field.answer().empty());
    CHECK(field.press({Kind::escape}) == Outcome::cancelled);
}

TEST_CASE("a text that is longer than the line shows its end") {
    EntryField field({.label = "Base URL"});
    type(field, "https://a-host-with-a-long-name.example.com/v1");
    for (const std::size_t columns : {2U, 20U, 40U})
        for (const auto& line : field.lines(columns)) CHECK(cells_of(line) <= columns - 1);
    CHECK(field.lines(40)[1].ends_with("example.com/v1"));
}

}  // TEST_SUITE
