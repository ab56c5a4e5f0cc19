#include "core/http/no_proxy.hpp"

#include <doctest/doctest.h>

using namespace qwen;

TEST_SUITE("core/http/no_proxy") {

TEST_CASE("a rule covers what it names and nothing that only looks like it") {
    struct Row {
        const char* rule;
        const char* url;
        bool direct;
    };
    const Row rows[] = {
        {"*", "https://api.example.test", true},
        {"example.test", "https://example.test", true},
        {"example.test", "https://api.example.test", true},
        {"example.test", "https://badexample.test", false},
        {".example.test", "https://api.example.test", true},
        {".example.test", "https://example.test", true},
        {"*.example.test", "https://api.example.test", true},
        {"EXAMPLE.test", "https://api.Example.TEST", true},
        {"example.test:8443", "https://example.test:8443", true},
        {"example.test:8443", "https://example.test", false},
        {"127.0.0.1", "http://127.0.0.1:8080", true},
        {"127.0.0.1:8080", "http://127.0.0.1:8080", true},
        {"10.0.0.0/8", "http://10.1.2.3", true},
        {"10.0.0.0/8", "http://11.1.2.3", false},
        {"10.0.0.0/33", "http://10.1.2.3", false},
        {"172.16.0.0/12", "http://172.31.255.255", true},
        {"172.16.0.0/12", "http://172.32.0.0", false},
        {"::1", "http://[::1]:80", true},
        {"[::1]", "http://[::1]:80", true},
        {"fd00::/8", "http://[fd12::1]", true},
        {"0.0.1", "http://127.0.0.1", false},
        {"", "http://127.0.0.1", false},
        {".", "http://example.test", false},
        {"10.0.0.0/x", "http://10.0.0.1", false},
    };
    for (const Row& row : rows) {
        CAPTURE(row.rule);
        CAPTURE(row.url);
        const std::vector<std::string> rules{"unrelated.invalid", row.rule};
        CHECK(http::bypasses_proxy(Url::parse(row.url)->origin(), rules) == row.direct);
    }
}

TEST_CASE("the variable is split at commas and spaces") {
    CHECK(http::split_no_proxy("a, b,,c d") == std::vector<std::string>{"a", "b", "c", "d"});
    CHECK(http::split_no_proxy("").empty());
}

}
