#include "host/terminal/sanitizer.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace qwen::host;

namespace {

/// What a hostile answer may hold; each with text behind it that must survive.
const std::vector<std::string> kHostile{
    "a\033]0;title\007b",          // OSC 0: window title
    "a\033]52;c;ZXZpbA==\007b",    // OSC 52: clipboard
    "a\033]8;;http://x\033\\b",    // OSC 8: link
    "a\033[31mred\033[0mb",        // CSI
    "a\033Pq\033\\b",              // DCS
    "a\033_x\033\\b",              // APC
    "a\033]0;never ends b",        // unterminated OSC
    "a\xC2\x9B" "31mb",            // C1 CSI as UTF-8
    "a\x9B" "31mb",                // C1 CSI as a raw byte
    "a\x7F\b\r\0b",                // DEL, BS, CR
    "a\u202Eb\u2066c\u2069\u200Fb",  // bidi
    "a\U000E0041\U000E007Fb",      // tag characters
    "a\xE2\x82",                   // cut off
};

bool holds_control(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F) return true;
        if (byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) return true;
    }
    return text.find("\u202E") != std::string_view::npos || text.find("\U000E0041") != std::string_view::npos;
}

std::string fed_in_two(std::string_view text, std::size_t split, ControlForm form) {
    Sanitizer sanitizer(form);
    std::string out;
    sanitizer.feed(text.substr(0, split), out);
    sanitizer.feed(text.substr(split), out);
    sanitizer.finish(out);
    return out;
}

}  // namespace

TEST_SUITE("host/terminal/sanitizer") {

TEST_CASE("in ASCII there is nothing but ASCII, and what it can write stays readable") {
    CHECK(in_ascii("\u201Cquoted\u201D \u2014 it\u2019s 2 \u00D7 3\u2026") == "\"quoted\" -- it's 2 x 3...");
    CHECK(in_ascii("\u4E2D\u6587 \xFF na\u00EFve\n\033[1m") == "?? ? na?ve\n\033[1m");
    // C3 9B, the letter U+00DB, ends in what is CSI to a terminal in Latin-1.
    CHECK(sanitized("\u00DB2J\033[2J", ControlForm::ascii) == "?2J^[[2J");
}

TEST_CASE("no control survives, wherever the text is cut into chunks") {
    for (const auto form : {ControlForm::visible, ControlForm::removed, ControlForm::ascii}) {
        for (const auto& text : kHostile) {
            CAPTURE(text);
            const auto whole = sanitized(text, form);
            CHECK_FALSE(holds_control(whole));
            for (std::size_t split = 0; split <= text.size(); ++split) CHECK(fed_in_two(text, split, form) == whole);
        }
    }
}

TEST_CASE("an escape is shown in caret notation on a terminal and taken out elsewhere") {
    CHECK(sanitized("\033[31mred\007", ControlForm::visible) == "^[[31mred^G");
    CHECK(sanitized("\033[31mred\007", ControlForm::removed) == "[31mred");
    CHECK(sanitized("\xC2\x9B" "1m", ControlForm::visible) == "^[[1m");
    CHECK(sanitized("x\u202Ey", ControlForm::visible) == "x<U+202E>y");
}

TEST_CASE("an escape sequence that never ends hides nothing") {
    CHECK(sanitized("\033]0;title and the answer", ControlForm::removed) == "]0;title and the answer");
}

TEST_CASE("ordinary text passes unchanged, in every script") {
    const std::string text = "tab\t newline\n é 漢字 🙂 \u00A0 العربية";
    CHECK(sanitized(text, ControlForm::visible) == text);
    CHECK(sanitized(text, ControlForm::removed) == text);
}

TEST_CASE("bytes that are no UTF-8 become U+FFFD") {
    CHECK(sanitized("a\xFF" "b", ControlForm::removed) == "a\uFFFD" "b");
    CHECK(sanitized("a\xE2\x82", ControlForm::removed) == "a\uFFFD");
}

TEST_CASE("raw leaves every byte") {
    for (const auto& text : kHostile) CHECK(sanitized(text, ControlForm::raw) == text);
}

TEST_CASE("a line stays one line and is cut at its limit") {
    CHECK(sanitized_line("one\ntwo\tthree") == "one two three");
    CHECK(sanitized_line("abcdef", 4) == "abc…");
    CHECK(sanitized_line("äöüß", 4) == "äöüß");
    CHECK(sanitized_line("äöüßx", 4) == "äöü…");
}

}
