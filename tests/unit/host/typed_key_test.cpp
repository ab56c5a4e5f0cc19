#include "host/typed_key.hpp"

#include <doctest/doctest.h>

using namespace qwen;
using namespace qwen::host;

TEST_SUITE("host/typed_key") {

TEST_CASE("white space, line breaks and one pair of quotes are no part of a key") {
    struct Row {
        std::string_view typed;
        std::string_view key;
        bool was_changed;
        bool is_plausible;
    };
    const Row rows[] = {
        {"sk-1", "sk-1", false, true},    {"sk-1\n", "sk-1", false, true},        {" sk-1\r\n", "sk-1", true, true},
        {"\"sk-1\"\n", "sk-1", true, true}, {"' sk-1 '", "sk-1", true, true},     {"\"sk-1'", "\"sk-1'", false, true},
        {"sk 1", "sk 1", false, false},   {"sk\n1", "sk\n1", false, false},       {"sk-\xC3\xA9", "sk-\xC3\xA9", false, false},
        {"", "", false, false},           {" \"\" \n", "", true, false},
    };
    for (const auto& row : rows) {
        CAPTURE(row.typed);
        const auto tidied = tidy_key(row.typed);
        CHECK(tidied.key.equals(row.key));
        CHECK(tidied.was_changed == row.was_changed);
        CHECK(tidied.is_plausible == row.is_plausible);
    }
}

}  // TEST_SUITE
