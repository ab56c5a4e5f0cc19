// A stream of events, cut anywhere: how it was cut makes no difference. The first byte of the input says how.

#include <algorithm>
#include <string>
#include <vector>

#include "core/http/sse_parser.hpp"
#include "tests/fuzz/fuzz_target.hpp"

using namespace qwen;
using fuzz::expect;

namespace {

struct Reading {
    std::vector<std::string> events;
    bool failed = false;
    bool saw_field = false;
    bool operator==(const Reading&) const = default;
};

Reading read(std::string_view text, std::size_t piece) {
    Reading reading;
    http::SseParser parser([&](const http::SseEvent& event) {
        expect(!event.type.empty(), "an event has a type");
        expect(event.data.size() <= http::SseParser::kMaxEventBytes, "an event is within its limit");
        reading.events.push_back(std::string(event.type) + '\n' + std::string(event.data));
        return true;
    });
    while (!text.empty() && !reading.failed) {
        reading.failed = !parser.feed(text.substr(0, piece));
        text.remove_prefix(std::min(piece, text.size()));
    }
    if (!reading.failed) reading.failed = !parser.finish();
    reading.saw_field = parser.saw_field();
    return reading;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    std::string_view text = fuzz::text_of(bytes, size);
    const std::size_t piece = fuzz::take_number(text) % 31 + 1;
    expect(read(text, piece) == read(text, std::string_view::npos), "the pieces make no difference");
    return 0;
}
