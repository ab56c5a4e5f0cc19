// One fuzz target: what it does with an input, and what must hold afterwards.
//
// Each *_target.cpp defines the function below. libFuzzer calls it with inputs it makes up (scripts/fuzz), replay.cpp with the files of corpus/ in every run of
// the tests. Besides what the sanitizers see, a target says what must be true of the result: reading a text twice, in pieces or in another way gives the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

namespace qwen::fuzz {

inline std::string_view text_of(const std::uint8_t* bytes, std::size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

/// Ends the program with `rule` when it does not hold, so that libFuzzer keeps the input.
inline void expect(bool holds, const char* rule) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", rule);
    std::abort();
}

/// Takes the first byte off an input as a number, for targets that need one besides the text; 0 when there is none.
inline std::size_t take_number(std::string_view& text) {
    if (text.empty()) return 0;
    const auto number = static_cast<unsigned char>(text.front());
    text.remove_prefix(1);
    return number;
}

}  // namespace qwen::fuzz
