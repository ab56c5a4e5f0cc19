// A response on the wire, cut anywhere: the answer is the same or the same kind of failure. The first byte of the input says how it is cut.

#include <array>

#include "core/http/http1_codec.hpp"
#include "tests/fakes/memory_stream.hpp"
#include "tests/fuzz/fuzz_target.hpp"

using namespace qwen;
using fuzz::expect;
using namespace std::chrono_literals;

namespace {

struct Reading {
    int status = 0;
    std::string body;
    std::optional<ErrorCode> failure;
    bool operator==(const Reading&) const = default;
};

Reading read(std::string_view text, std::size_t piece) {
    fakes::MemoryStream stream(fakes::in_pieces(std::string(text), piece));
    http::ResponseReader reader(stream);
    Reading reading;
    bool started = false;
    const auto head = reader.read_head(1s, {}, started);
    if (!head) return reading.failure = head.error().code, reading;
    reading.status = head->status;
    const auto framing = http::framing_of(*head, "POST");
    if (!framing) return reading.failure = framing.error().code, reading;
    reader.begin_body(*framing);
    std::array<char, 64> buffer{};
    for (;;) {
        const auto size = reader.read_body(buffer, 1s, {});
        if (!size) return reading.failure = size.error().code, reading;
        if (*size == 0) break;
        expect(*size <= buffer.size(), "a read stays within its buffer");
        reading.body.append(buffer.data(), *size);
    }
    if (framing->kind == http::Framing::Kind::length) expect(reading.body.size() == framing->length, "a body that ended is as long as it was said to be");
    return reading;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    std::string_view text = fuzz::text_of(bytes, size);
    const std::size_t piece = fuzz::take_number(text) % 31 + 1;
    expect(read(text, piece) == read(text, text.size() + 1), "the pieces make no difference");
    return 0;
}
