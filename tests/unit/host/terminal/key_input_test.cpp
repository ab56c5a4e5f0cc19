#include "host/terminal/key_input.hpp"

#include <doctest/doctest.h>

using namespace qwen;
using namespace qwen::host;

namespace {

using Kind = Key::Kind;

std::vector<Key> decoded(std::string_view bytes) {
    KeyDecoder decoder;
    std::deque<Key> keys;
    decoder.feed(bytes, keys);
    return {keys.begin(), keys.end()};
}

}  // namespace

TEST_SUITE("host/terminal/key_input") {

TEST_CASE("keys come out of the bytes a terminal sends") {
    struct Row {
        std::string_view bytes;
        std::vector<Key> keys;
    };
    const Row rows[] = {
        {"a", {{Kind::character, U'a'}}},
        {"\xC3\xA9\xE6\xBC\xA2", {{Kind::character, U'\u00E9'}, {Kind::character, U'\u6F22'}}},
        {"\r", {{Kind::enter}}},
        {"\n", {{Kind::enter}}},
        {"\x7F\x08", {{Kind::backspace}, {Kind::backspace}}},
        {"\x12\x04", {{Kind::control, U'r'}, {Kind::control, U'd'}}},
        {"\033[A\033[B\033OA\033OB", {{Kind::up}, {Kind::down}, {Kind::up}, {Kind::down}}},
        {"\033[5~\033[6~\033[H\033[4~", {{Kind::page_up}, {Kind::page_down}, {Kind::home}, {Kind::end}}},
        {"\033[1;5Cx", {{Kind::character, U'x'}}},
        {"\033x", {{Kind::escape}, {Kind::character, U'x'}}},
        {"\033\033", {{Kind::escape}}},
    };
    for (const auto& row : rows) {
        CAPTURE(row.bytes);
        CHECK(decoded(row.bytes) == row.keys);
    }
}

TEST_CASE("a sequence or a character may come byte by byte") {
    KeyDecoder decoder;
    std::deque<Key> keys;
    for (const char byte : std::string_view("\033[A\xE6\xBC\xA2\033[200~\n\033[201~\n")) decoder.feed({&byte, 1}, keys);
    CHECK(std::vector<Key>(keys.begin(), keys.end()) ==
          std::vector<Key>{{Kind::up}, {Kind::character, U'\u6F22'}, {Kind::character, U'\n'}, {Kind::enter}});
}

TEST_CASE("Esc is a key of its own when nothing follows") {
    KeyDecoder decoder;
    std::deque<Key> keys;
    decoder.feed("\033", keys);
    CHECK(keys.empty());
    CHECK(decoder.is_waiting());
    decoder.give_up_waiting(keys);
    CHECK(std::vector<Key>(keys.begin(), keys.end()) == std::vector<Key>{{Kind::escape}});
    CHECK_FALSE(decoder.is_waiting());
}

TEST_CASE("inside a paste a line break is text and escapes are no commands") {
    CHECK(decoded("\033[200~a\r\x03\033[Ab\033[201~\r") ==
          std::vector<Key>{{Kind::character, U'a'}, {Kind::character, U'\n'}, {Kind::character, U'['}, {Kind::character, U'A'}, {Kind::character, U'b'}, {Kind::enter}});
}

}  // TEST_SUITE
