#include "core/base/utf8.hpp"

#include <doctest/doctest.h>

using namespace qwen;

TEST_SUITE("core/base/utf8") {
    TEST_CASE("exactly the well-formed sequences of table 3-7 are valid") {
        for (const std::string_view text : {"", "ascii", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                                            "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
            CAPTURE(text);
            CHECK(is_valid_utf8(text));
            CHECK(repair_utf8(text) == text);
        }
        for (const std::string_view text : {"\x80", "\xC0\xAF", "\xC1\xBF", "\xC2", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
                                            "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "a\xE2\x82"}) {
            CAPTURE(text);
            CHECK_FALSE(is_valid_utf8(text));
            CHECK(is_valid_utf8(repair_utf8(text)));
        }
    }

    TEST_CASE("an ill-formed byte is found wherever it stands among ASCII") {
        for (std::size_t length = 1; length <= 40; ++length) {
            for (std::size_t at = 0; at < length; ++at) {
                std::string text(length, 'a');
                CHECK(is_valid_utf8(text));
                text[at] = '\x80';
                CHECK_FALSE(is_valid_utf8(text));
                CHECK(is_valid_utf8(text.replace(at, 1, "\u00e9")));
            }
        }
    }

    TEST_CASE("each maximal ill-formed part becomes one replacement character") {
        // The example of the Unicode standard, table 3-11.
        CHECK(repair_utf8("\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64") == "a\uFFFD\uFFFD\uFFFDb\uFFFDc\uFFFD\uFFFDd");
        CHECK(repair_utf8("\xED\xA0\x80") == "\uFFFD\uFFFD\uFFFD");
    }

    TEST_CASE("an unfinished sequence at the end is measured, a broken one is not") {
        CHECK(incomplete_utf8_tail("") == 0);
        CHECK(incomplete_utf8_tail("abc") == 0);
        CHECK(incomplete_utf8_tail("a\xE2") == 1);
        CHECK(incomplete_utf8_tail("a\xE2\x82") == 2);
        CHECK(incomplete_utf8_tail("a\xE2\x82\xAC") == 0);
        CHECK(incomplete_utf8_tail("\xF0\x9F\x98") == 3);
        CHECK(incomplete_utf8_tail("\xF0\x9F\x98\x80") == 0);
        CHECK(incomplete_utf8_tail("\x80\x80\x80\x80") == 0);
        CHECK(incomplete_utf8_tail("\xE0\x80") == 0);
        CHECK(incomplete_utf8_tail("\xFF") == 0);
    }

    TEST_CASE("what is appended is decoded again") {
        for (const char32_t code_point : {U'\0', U'a', U'\u00E9', U'\u20AC', U'\uFFFF', U'\U0001F600', U'\U0010FFFF'}) {
            std::string text;
            append_utf8(text, code_point);
            std::size_t offset = 0;
            CHECK(decode_utf8(text, offset) == code_point);
            CHECK(offset == text.size());
        }
    }

    TEST_CASE("what is no code point is appended as a replacement character") {
        std::string text;
        append_utf8(text, 0xD800);
        append_utf8(text, 0x110000);
        CHECK(text == "\uFFFD\uFFFD");
    }
}
