// The same texts through npm's `dotenv` (recorded in tests/fixtures/dotenv by tests/oracles/dotenv_cases.mjs) and through our parser.
#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "core/base/json.hpp"
#include "core/config/dotenv_parser.hpp"

using namespace qwen;

TEST_SUITE("core/config/dotenv_oracle") {

TEST_CASE("what dotenv reads, we read; what only we refuse is a quote that never ends") {
    std::ifstream file(QWEN_FIXTURES "/dotenv/cases.json");
    std::stringstream text;
    text << file.rdbuf();
    const auto cases = parse_json(text.str(), "cases", {.max_depth = 8, .max_bytes = 8u << 20, .refuse_duplicate_keys = true});
    REQUIRE(cases);
    std::size_t agreed = 0;
    std::size_t refused = 0;
    for (const auto& one : *cases) {
        const std::string input = one["text"].get<std::string>();
        CAPTURE(input);
        const auto entries = config::parse_dotenv(input, ".env");
        if (!entries) {
            CHECK(entries.error().message.find("never ends") != std::string::npos);
            ++refused;
            continue;
        }
        std::map<std::string, std::string> ours;
        for (const auto& entry : *entries) ours[entry.name] = std::string(entry.value.reveal());
        CHECK(ours == one["values"].get<std::map<std::string, std::string>>());
        ++agreed;
    }
    MESSAGE("dotenv cases: " << agreed << " agree, " << refused << " refused for an open quote");
    CHECK(agreed > 500);
    CHECK(refused < 60);
}

}
