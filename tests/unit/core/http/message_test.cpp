#include "core/http/message.hpp"

#include <doctest/doctest.h>

using namespace qwen;
using http::HeaderList;

TEST_SUITE("core/http/message") {

TEST_CASE("a header that could break the line cannot be built, and the error never shows the value") {
    for (const char* value : {"a\r\nX-Evil: 1", "a\nb", "a\rb", "a\x01" "b", "a\x7f"}) {
        HeaderList headers;
        const auto set = headers.set("Authorization", value, true);
        REQUIRE_FALSE(set);
        CHECK(set.error().code == ErrorCode::config_invalid);
        CHECK(set.error().message.find("Authorization") != std::string::npos);
        CHECK(set.error().message.find("Evil") == std::string::npos);
        CHECK(headers.all().empty());
    }
    HeaderList headers;
    CHECK_FALSE(headers.set("Authorization", std::string_view("a\0b", 3)));
    CHECK_FALSE(headers.set("Bad Name", "x"));
    CHECK_FALSE(headers.set("", "x"));
    CHECK_FALSE(headers.set("Name:", "x"));
    CHECK_FALSE(headers.set("Long", std::string(8193, 'x')));
}

TEST_CASE("names are compared without case and the last value wins") {
    HeaderList headers;
    REQUIRE(headers.set("Accept", "a"));
    REQUIRE(headers.set("ACCEPT", "b"));
    CHECK(headers.all().size() == 1);
    CHECK(headers.get("accept") == "b");
    CHECK_FALSE(headers.get("other").has_value());
    headers.remove("aCCept");
    CHECK(headers.all().empty());
}

TEST_CASE("a request with a credential in header or query says so") {
    http::Request request;
    CHECK_FALSE(request.carries_credential());
    REQUIRE(request.headers.set("X", "1"));
    CHECK_FALSE(request.carries_credential());
    request.query_is_sensitive = true;
    CHECK(request.carries_credential());
    request.query_is_sensitive = false;
    REQUIRE(request.headers.set("api-key", "1", true));
    CHECK(request.carries_credential());
    CHECK(request.headers.duplicate().has_sensitive());
}

}
