#include "host/conversation/paste_filter.hpp"

#include <doctest/doctest.h>

using namespace qwen::host;

namespace {

std::u32string through(std::u32string_view input) {
    PasteFilter filter;
    std::u32string out;
    for (const char32_t c : input) filter.feed(c, out);
    return out;
}

}  // namespace

TEST_SUITE("host/conversation/paste_filter") {

TEST_CASE("what is typed goes through as it is, keys with escape sequences too") {
    for (const auto* text : {U"hello\n", U"\x1b[A", U"\x1b[20~x", U"\x1b\x1b[D", U"\u4e2d\u6587"}) CHECK(through(text) == text);
}

TEST_CASE("an escape that may begin a paste is held until it is known") {
    PasteFilter filter;
    std::u32string out;
    for (const char32_t c : std::u32string_view(U"\x1b[200")) filter.feed(c, out);
    CHECK(out.empty());
    filter.feed(U'x', out);
    CHECK(out == U"\x1b[200x");
}

TEST_CASE("line breaks of a paste are shown, however they are written") {
    const std::pair<const char32_t*, const char32_t*> cases[] = {
        {U"\x1b[200~a\rb\x1b[201~", U"a\u240Ab"},
        {U"\x1b[200~a\nb\x1b[201~", U"a\u240Ab"},
        {U"\x1b[200~a\r\nb\x1b[201~", U"a\u240Ab"},
        {U"\x1b[200~a\n\nb\x1b[201~\n", U"a\u240A\u240Ab\n"},
        {U"\x1b[200~a\tb\x1b[201~", U"a b"},
    };
    for (const auto& [input, expected] : cases) CHECK(through(input) == expected);
    CHECK(with_line_breaks("a\xE2\x90\x8A" "b\xE2\x90\x8A" "c") == "a\nb\nc");
    CHECK(with_line_breaks("plain") == "plain");
    PasteFilter ascii(kAsciiLineBreakMark);
    std::u32string out;
    for (const char32_t c : std::u32string_view(U"\x1b[200~a\x1e\r\nb\x1b[201~")) ascii.feed(c, out);
    CHECK(out == U"a\x1e" U"b");
    CHECK(with_line_breaks("a\x1e" "b") == "a\nb");
}

TEST_CASE("a paste can give the editor no command, nor end itself half way") {
    CHECK(through(U"\x1b[200~a\x1b[31mb\x03\x04\x15\u009b5m\x1b[201~") == U"a[31mb5m");
    CHECK(through(U"\x1b[200~a\x1b[20b\x1b[201~\n") == U"a[20b\n");
    CHECK(through(U"\x1b[200~a\x1b[200~b\x1b[201~\x15") == U"a[200~b\x15");
}

}  // TEST_SUITE
