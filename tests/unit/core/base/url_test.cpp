#include "core/base/url.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace qwen;

TEST_SUITE("core/base/url") {

TEST_CASE("an accepted URL has one reading") {
    struct Row {
        std::string_view text, origin, path, query;
    };
    const Row rows[] = {
        {"https://api.openai.com/v1", "https://api.openai.com", "/v1", ""},
        {"https://api.openai.com", "https://api.openai.com", "/", ""},
        {"HTTPS://API.OpenAI.com:443/V1", "https://api.openai.com", "/V1", ""},
        {"http://127.0.0.1:8081/v1?api-version=1", "http://127.0.0.1:8081", "/v1", "api-version=1"},
        {"http://h:80?x", "http://h", "/", "x"},
        {"https://good.example./", "https://good.example", "/", ""},
        {"https://[::1]:8443/a", "https://[::1]:8443", "/a", ""},
        {"https://[0:0:0:0:0:0:0:1]/", "https://[::1]", "/", ""},
        {"https://xn--bcher-kva.example/", "https://xn--bcher-kva.example", "/", ""},
        {"https://h/a%20b/c@d:e,f", "https://h", "/a%20b/c@d:e,f", ""},
        {"https://h/a?next=/x?y", "https://h", "/a", "next=/x?y"},
        {"https://h//evil.example/", "https://h", "//evil.example/", ""},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        const auto url = Url::parse(row.text);
        REQUIRE(url);
        CHECK(url->origin().to_string() == row.origin);
        CHECK(url->path() == row.path);
        CHECK(url->query() == row.query);
        CHECK(Url::parse(url->to_string()).value() == *url);
    }
}

TEST_CASE("a confusable origin is refused before anything is looked up") {
    const std::string_view rows[] = {
        "https://good.example@evil.example/",
        "https://user:password@good.example/",
        "https://@good.example/",
        "https://good.example\\@evil.example/",
        "https://good.example\\.evil.example/",
        "https:\\\\evil.example/",
        "https:///evil.example/",
        "https://",
        "https://?x",
        "https://:443/",
        "https://good.example\n.evil.example/",
        "https://good.example\r\nHost: evil.example/",
        "https://good.example\t/",
        " https://good.example/",
        "https://good.example /",
        std::string_view("https://good.example\0.evil.example/", 36),
        "https://good.example:99999/",
        "https://good.example:65536/",
        "https://good.example:0/",
        "https://good.example:/",
        "https://good.example:+443/",
        "https://good.example:443x/",
        "https://good.example:000443/",
        "https://good.example:443:444/",
        "https://good.example../",
        "https://.good.example/",
        "https://good..example/",
        "https://b\xc3\xbc" "cher.example/",
        "https://good\xe3\x80\x82" "example/",
        "https://good%2eexample/",
        "https://good.example%00.evil.example/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://127.1/",
        "https://0177.0.0.1/",
        "https://1.2.3.4.5/",
        "https://1.2.3.256/",
        "https://evil.0x10/",
        "https://[::1/",
        "https://[::1]evil.example/",
        "https://[fe80::1%25eth0]/",
        "https://[127.0.0.1]/",
        "https://::1/",
        "https://good.example/#fragment",
        "https://good.example#@evil.example/",
        "https://good.example/%zz",
        "https://good.example/%2",
        "https://good.example/a?b=%",
        "https://good.example/<script>",
        "ftp://good.example/",
        "javascript://good.example/",
        "file:///etc/passwd",
        "good.example/v1",
        "//good.example/v1",
        "https:good.example",
        "",
    };
    for (const std::string_view row : rows) {
        CAPTURE(row);
        const auto url = Url::parse(row);
        REQUIRE_FALSE(url);
        CHECK(url.error().code == ErrorCode::config_invalid);
    }
}

TEST_CASE("overlong hosts are refused") {
    CHECK(Url::parse("https://" + std::string(63, 'a') + ".example/"));
    CHECK_FALSE(Url::parse("https://" + std::string(64, 'a') + ".example/"));
    std::string host;
    for (int i = 0; i < 60; ++i) host += "aaaa.";
    CHECK_FALSE(Url::parse("https://" + host + "example/"));
}

TEST_CASE("no refusal repeats what was given") {
    for (const std::string_view text : {"https://user:hunter2@h/", "https://h:x/?key=hunter2", "https://h/?key=hunter2#", "hunter2://h"}) {
        const auto url = Url::parse(text);
        REQUIRE_FALSE(url);
        CHECK(url.error().message.find("hunter2") == std::string::npos);
        CHECK(url.error().hint.find("hunter2") == std::string::npos);
    }
}

TEST_CASE("loopback means the literal addresses and localhost") {
    for (const std::string_view host : {"127.0.0.1", "127.255.0.9", "[::1]", "localhost", "LOCALHOST."}) {
        CAPTURE(host);
        CHECK(Url::parse("http://" + std::string(host) + "/").value().origin().is_loopback());
    }
    for (const std::string_view host : {"127.evil.example", "localhost.evil.example", "[::2]", "128.0.0.1", "[::ffff:127.0.0.1]"}) {
        CAPTURE(host);
        CHECK_FALSE(Url::parse("http://" + std::string(host) + "/").value().origin().is_loopback());
    }
}

TEST_CASE("scheme, host and port all count in an origin") {
    const auto origin = [](std::string_view text) { return Url::parse(text).value().origin(); };
    CHECK(origin("https://h/a") == origin("https://H:443/b?c"));
    CHECK(origin("https://h/") != origin("http://h/"));
    CHECK(origin("https://h/") != origin("https://h:8443/"));
    CHECK(origin("https://h/") != origin("https://www.h/"));
}

TEST_CASE("a path is appended with exactly one slash and cannot leave the path") {
    struct Row {
        std::string_view base, suffix, result;
    };
    const Row rows[] = {
        {"https://h/v1", "/chat/completions", "https://h/v1/chat/completions"},
        {"https://h/v1//", "chat/completions", "https://h/v1/chat/completions"},
        {"https://h", "//models", "https://h/models"},
        {"https://h/v1?api-version=2", "/models", "https://h/v1/models?api-version=2"},
        {"https://h/v1", "/a b?c#d%zz%20", "https://h/v1/a%20b%3Fc%23d%25zz%20"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.base);
        CHECK(Url::parse(row.base).value().with_path_appended(row.suffix).to_string() == row.result);
    }
}

TEST_CASE("another path keeps the origin and drops the query") {
    const Url base = Url::parse("https://h:8443/v1?x=1").value();
    CHECK(base.with_path("/token").value().to_string() == "https://h:8443/token");
    CHECK(base.with_path("//evil.example/").value().origin() == base.origin());
    CHECK_FALSE(base.with_path("token"));
    CHECK_FALSE(base.with_path("@evil.example/"));
    CHECK_FALSE(base.with_path("/a b"));
}

TEST_CASE("a query parameter is percent-encoded") {
    const Url url = Url::parse("https://h/a").value().with_query_parameter("api key", "a+b&c=\xc3\xbc");
    CHECK(url.query() == "api%20key=a%2Bb%26c%3D%C3%BC");
    CHECK(url.with_query_parameter("v", "~1").query() == "api%20key=a%2Bb%26c%3D%C3%BC&v=~1");
}

}
