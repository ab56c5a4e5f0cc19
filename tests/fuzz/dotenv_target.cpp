// The .env file of a directory somebody else may have written.

#include <algorithm>

#include "core/base/utf8.hpp"
#include "core/config/dotenv_parser.hpp"
#include "tests/fuzz/fuzz_target.hpp"

using namespace qwen;
using fuzz::expect;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text = fuzz::text_of(bytes, size);
    const auto entries = config::parse_dotenv(text, ".env");
    if (!entries) {
        expect(entries.error().code == ErrorCode::dotenv_refused, "what cannot be read is dotenv_refused");
        expect(entries.error().where.has_value(), "a refusal names the file");
        return 0;
    }
    const auto lines = std::count(text.begin(), text.end(), '\n') + std::count(text.begin(), text.end(), '\r') + 1;
    expect(entries->size() <= 256, "at most 256 entries");
    for (const auto& entry : *entries) {
        expect(!entry.name.empty() && entry.name.find_first_of(" \t\r\n=#'\"\\`") == std::string::npos, "a name is a word");
        expect(is_valid_utf8(entry.value.reveal()) && entry.value.reveal().find('\0') == std::string_view::npos, "a value is text");
        expect(entry.line >= 1 && entry.line <= lines, "an entry stands on a line of the file");
    }
    return 0;
}
