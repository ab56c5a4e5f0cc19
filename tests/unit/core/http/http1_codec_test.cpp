#include "core/http/http1_codec.hpp"

#include <doctest/doctest.h>

#include "tests/fakes/memory_stream.hpp"

using namespace qwen;
using namespace qwen::http;
using fakes::in_pieces;
using fakes::MemoryStream;

namespace {

struct Read {
    std::optional<ErrorCode> error;
    int status = 0;
    std::string body;
    bool complete = false;
};

Read read(std::deque<std::string> pieces, std::string_view method = "GET", std::size_t buffer_bytes = 1000) {
    MemoryStream stream(std::move(pieces));
    ResponseReader reader(stream);
    bool started = false;
    Read result;
    auto head = reader.read_head({}, {}, started);
    if (!head) {
        result.error = head.error().code;
        return result;
    }
    result.status = head->status;
    auto framing = framing_of(*head, method);
    if (!framing) {
        result.error = framing.error().code;
        return result;
    }
    reader.begin_body(*framing);
    std::vector<char> buffer(buffer_bytes);
    for (;;) {
        auto count = reader.read_body(buffer, {}, {});
        if (!count) {
            result.error = count.error().code;
            return result;
        }
        if (*count == 0) break;
        result.body.append(buffer.data(), *count);
    }
    result.complete = reader.complete();
    return result;
}

}  // namespace

TEST_SUITE("core/http/http1_codec") {

TEST_CASE("bodies come out of their framing however they were split") {
    struct Row {
        const char* name;
        std::string text;
        std::string body;
        bool complete;
    };
    const std::vector<Row> rows{
        {"length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", true},
        {"equal lengths twice", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "hello", true},
        {"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nTrailer: 1\r\n\r\n", "hello", true},
        {"chunk sizes in capitals", "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n", "0123456789", true},
        {"until close", "HTTP/1.0 200 OK\r\n\r\nhello", "hello", true},
        {"bare LF", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "ok", true},
        {"no reason", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", "ok", true},
        {"continue first", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", true},
        {"no content", "HTTP/1.1 204 No Content\r\n\r\n", "", true},
        {"something after the end", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200", "ok", false},
    };
    for (const Row& row : rows) {
        for (std::size_t piece = 1; piece <= row.text.size(); ++piece) {
            CAPTURE(row.name);
            CAPTURE(piece);
            const Read result = read(in_pieces(row.text, piece), "GET", 1 + piece % 7);
            CHECK_FALSE(result.error.has_value());
            CHECK(result.body == row.body);
            if (piece == row.text.size()) CHECK(result.complete == row.complete);
        }
    }
}

TEST_CASE("an answer that is cut or ambiguous is an error") {
    struct Row {
        const char* name;
        std::string text;
        ErrorCode error;
    };
    const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::vector<Row> rows{
        {"nothing", "", ErrorCode::connection_failed},
        {"half a header", "HTTP/1.1 200 OK\r\nContent-Le", ErrorCode::bad_response},
        {"not HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n", ErrorCode::bad_response},
        {"HTTP/2 preface", "HTTP/2 200\r\n\r\n", ErrorCode::bad_response},
        {"status out of range", "HTTP/1.1 999 x\r\n\r\n", ErrorCode::bad_response},
        {"status of four digits", "HTTP/1.1 2000\r\n\r\n", ErrorCode::bad_response},
        {"short length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", ErrorCode::answer_cut_short},
        {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", ErrorCode::bad_response},
        {"negative length", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", ErrorCode::bad_response},
        {"length beyond 64 bits", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", ErrorCode::bad_response},
        {"length and coding", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ErrorCode::bad_response},
        {"unknown coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", ErrorCode::bad_response},
        {"cut at a chunk boundary", chunked + "3\r\nhel\r\n", ErrorCode::answer_cut_short},
        {"cut in the middle of a chunk", chunked + "5\r\nhel", ErrorCode::answer_cut_short},
        {"cut before the last line", chunked + "3\r\nhel\r\n0\r\n", ErrorCode::answer_cut_short},
        {"chunk size too large", chunked + "FFFFFFFFFFFFFFFF\r\nhel", ErrorCode::bad_response},
        {"chunk size over 64 bits", chunked + "1FFFFFFFFFFFFFFFF\r\nhel", ErrorCode::bad_response},
        {"chunk size is no number", chunked + "0x3\r\nhel\r\n", ErrorCode::bad_response},
        {"chunk longer than it says", chunked + "3\r\nhello\r\n0\r\n\r\n", ErrorCode::bad_response},
        {"folded header", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", ErrorCode::bad_response},
        {"header without colon", "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", ErrorCode::bad_response},
        {"header name with a space", "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello", ErrorCode::bad_response},
        {"switching protocols", "HTTP/1.1 101 Switching\r\n\r\n", ErrorCode::bad_response},
    };
    for (const Row& row : rows) {
        CAPTURE(row.name);
        CHECK(read(in_pieces(row.text, 7)).error == row.error);
        CHECK(read(in_pieces(row.text, 100'000)).error == row.error);
    }
}

TEST_CASE("endless heads, header fields and informational answers end") {
    CHECK(read(in_pieces("HTTP/1.1 200 OK\r\nA: " + std::string(70'000, 'x') + "\r\n\r\n", 4096)).error == ErrorCode::bad_response);
    std::string many = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 200; ++i) many += "H" + std::to_string(i) + ": v\r\n";
    CHECK(read(in_pieces(many + "\r\n", 4096)).error == ErrorCode::bad_response);
    std::string flood;
    for (int i = 0; i < 50; ++i) flood += "HTTP/1.1 100 Continue\r\n\r\n";
    CHECK(read(in_pieces(flood, 4096)).error == ErrorCode::bad_response);
}

TEST_CASE("a request is written as the validated message says") {
    Request request;
    request.method = "POST";
    request.url = *Url::parse("https://api.example.test:8443/v1/chat/completions?api-version=1");
    REQUIRE(request.headers.set("Authorization", "Bearer sk-1", true));
    request.body = "{}";
    CHECK(serialise(request, false, {}) ==
          "POST /v1/chat/completions?api-version=1 HTTP/1.1\r\nHost: api.example.test:8443\r\nAuthorization: Bearer sk-1\r\nContent-Length: 2\r\n\r\n{}");
    CHECK(serialise(request, true, "Basic eA==").starts_with("POST https://api.example.test:8443/v1/chat/completions?api-version=1 HTTP/1.1\r\n"));
    CHECK(serialise(request, true, "Basic eA==").find("\r\nProxy-Authorization: Basic eA==\r\n") != std::string::npos);
}

}
