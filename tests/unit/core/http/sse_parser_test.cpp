#include "core/http/sse_parser.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace qwen;
using http::SseEvent;
using http::SseParser;

namespace {

struct Seen {
    std::vector<std::string> events;  // "type|data"
    std::optional<ErrorCode> error;
};

Seen parse(const std::string& text, std::size_t piece) {
    Seen seen;
    SseParser parser([&](const SseEvent& event) {
        seen.events.push_back(std::string(event.type) + '|' + std::string(event.data));
        return true;
    });
    for (std::size_t at = 0; at < text.size(); at += piece)
        if (auto fed = parser.feed(std::string_view(text).substr(at, piece)); !fed) {
            seen.error = fed.error().code;
            return seen;
        }
    if (auto done = parser.finish(); !done) seen.error = done.error().code;
    return seen;
}

struct Row {
    const char* name;
    std::string text;
    std::vector<std::string> events;
};

const std::vector<Row> kRows{
    {"one event", "data: a\n\n", {"message|a"}},
    {"CR LF", "data: a\r\n\r\ndata: b\r\n\r\n", {"message|a", "message|b"}},
    {"CR alone", "data: a\r\rdata: b\r\r", {"message|a", "message|b"}},
    {"mixed line ends", "data: a\r\n\ndata: b\n\r\n", {"message|a", "message|b"}},
    {"byte order mark", "\xEF\xBB\xBF" "data: a\n\n", {"message|a"}},
    {"a second mark is text", "\xEF\xBB\xBF\xEF\xBB\xBF" "data: a\n\n", {}},
    {"half a mark is text", "\xEF\xBB" "data: a\n\ndata: b\n\n", {"message|b"}},
    {"comment", ": keep-alive\n\ndata: a\n\n", {"message|a"}},
    {"no space after the colon", "data:a\n\n", {"message|a"}},
    {"only one space is dropped", "data:  a\n\n", {"message| a"}},
    {"data without colon", "data\n\n", {"message|"}},
    {"two empty data lines", "data\ndata\n\n", {"message|\n"}},
    {"several lines", "data: a\ndata: b\n\n", {"message|a\nb"}},
    {"event type", "event: error\ndata: a\n\ndata: b\n\n", {"error|a", "message|b"}},
    {"type without data is dropped", "event: ping\n\ndata: a\n\n", {"message|a"}},
    {"id and retry are ignored", "id: 1\nretry: 5\ndata: a\n\n", {"message|a"}},
    {"no final blank line", "data: a\n\ndata: b", {"message|a", "message|b"}},
    {"a character split anywhere", "data: \xF0\x9F\x98\x80\n\n", {"message|\xF0\x9F\x98\x80"}},
    {"a colon in the value", "data: {\"a\": 1}\n\n", {"message|{\"a\": 1}"}},
    {"nothing", "", {}},
};

}  // namespace

TEST_SUITE("core/http/sse_parser") {

TEST_CASE("events come out the same wherever the bytes were split") {
    for (const Row& row : kRows) {
        for (std::size_t piece = 1; piece <= row.text.size() + 1; ++piece) {
            CAPTURE(row.name);
            CAPTURE(piece);
            const Seen seen = parse(row.text, piece);
            CHECK(seen.events == row.events);
            CHECK_FALSE(seen.error.has_value());
        }
    }
}

TEST_CASE("an endless line is refused") {
    const std::string line(SseParser::kMaxLineBytes + 10, 'a');
    CHECK(parse("data: " + line, 65536).error == ErrorCode::bad_response);
    CHECK(parse("data: " + line + "\n\n", 1u << 24).error == ErrorCode::bad_response);
}

TEST_CASE("an endless event is refused") {
    std::string text;
    for (int i = 0; i < 6; ++i) text += "data: " + std::string(900'000, 'a') + '\n';
    CHECK(parse(text, 65536).error == ErrorCode::bad_response);
}

TEST_CASE("a handler that says stop hears nothing more") {
    int heard = 0;
    SseParser parser([&](const SseEvent&) { return ++heard < 2; });
    REQUIRE(parser.feed("data: a\n\ndata: b\n\ndata: c\n\n"));
    REQUIRE(parser.finish());
    CHECK(heard == 2);
    CHECK(parser.stopped());
}

}
