// The headers by which a server asks to be left alone for a while. One line of the input is one header.

#include <algorithm>

#include "core/http/retry_after.hpp"
#include "tests/fuzz/fuzz_target.hpp"

using namespace qwen;
using fuzz::expect;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    constexpr const char* kNames[] = {"retry-after", "retry-after-ms", "date"};
    std::string_view text = fuzz::text_of(bytes, size);
    http::HeaderList headers;
    for (const char* name : kNames) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        (void)http::parse_http_date(line);
        if (!line.empty()) (void)headers.set(name, line);
    }
    const UtcTime now{std::chrono::milliseconds(1'700'000'000'000)};
    const auto wait = http::retry_after(headers, now);
    if (wait) expect(wait->count() >= 0, "a wait is never negative");
    expect(http::retry_after(headers, now) == wait, "the same headers ask for the same wait");
    return 0;
}
