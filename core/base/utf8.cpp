#include "core/base/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace qwen {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

/// What the first byte of a sequence says about the rest (Unicode 15, table 3-7).
struct Lead {
    std::size_t length = 0;  ///< 0: no sequence starts with this byte
    unsigned char second_min = 0x80;
    unsigned char second_max = 0xBF;
};

Lead lead_of(unsigned char byte) {
    if (byte < 0x80) return {1};
    if (byte >= 0xC2 && byte <= 0xDF) return {2};
    if (byte == 0xE0) return {3, 0xA0, 0xBF};  // no overlong forms
    if (byte == 0xED) return {3, 0x80, 0x9F};  // no surrogates
    if (byte >= 0xE1 && byte <= 0xEF) return {3};
    if (byte == 0xF0) return {4, 0x90, 0xBF};
    if (byte >= 0xF1 && byte <= 0xF3) return {4};
    if (byte == 0xF4) return {4, 0x80, 0x8F};  // nothing above U+10FFFF
    return {};
}

struct Sequence {
    std::size_t well_formed_bytes = 0;  ///< how far the bytes agree with the table; 0 only for an impossible lead
    std::size_t length = 0;             ///< what the lead asks for

    [[nodiscard]] bool complete() const { return length != 0 && well_formed_bytes == length; }
};

Sequence sequence_at(std::string_view text, std::size_t offset) {
    const auto byte_at = [&](std::size_t i) { return static_cast<unsigned char>(text[offset + i]); };
    const Lead lead = lead_of(byte_at(0));
    if (lead.length == 0) return {};
    std::size_t count = 1;
    while (count < lead.length && offset + count < text.size()) {
        const unsigned char low = count == 1 ? lead.second_min : 0x80;
        const unsigned char high = count == 1 ? lead.second_max : 0xBF;
        if (byte_at(count) < low || byte_at(count) > high) break;
        ++count;
    }
    return {count, lead.length};
}

/// How many bytes from `offset` on are ASCII, counted by eights: most of what is checked is nothing else.
std::size_t ascii_words(std::string_view text, std::size_t offset) {
    constexpr std::uint64_t kHighBits = 0x8080808080808080;
    const std::size_t start = offset;
    std::uint64_t word = 0;
    for (; offset + sizeof word <= text.size(); offset += sizeof word) {
        std::memcpy(&word, text.data() + offset, sizeof word);
        if ((word & kHighBits) != 0) break;
    }
    return offset - start;
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
    for (std::size_t offset = ascii_words(text, 0); offset < text.size();) {
        const Sequence sequence = sequence_at(text, offset);
        if (!sequence.complete()) return false;
        offset += sequence.length;
        if (sequence.length == 1) offset += ascii_words(text, offset);
    }
    return true;
}

std::string repair_utf8(std::string_view text) {
    std::string repaired;
    repaired.reserve(text.size());
    for (std::size_t offset = 0; offset < text.size();) {
        const std::size_t start = offset;
        const bool complete = sequence_at(text, start).complete();
        (void)decode_utf8(text, offset);
        if (complete)
            repaired.append(text.substr(start, offset - start));
        else
            append_utf8(repaired, kReplacement);
    }
    return repaired;
}

std::size_t incomplete_utf8_tail(std::string_view text) {
    for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
        const std::size_t offset = text.size() - back;
        const auto byte = static_cast<unsigned char>(text[offset]);
        if (byte >= 0x80 && byte <= 0xBF) continue;
        const Sequence sequence = sequence_at(text, offset);
        return sequence.well_formed_bytes == back && sequence.length > back ? back : 0;
    }
    return 0;
}

char32_t decode_utf8(std::string_view text, std::size_t& offset) {
    const Sequence sequence = sequence_at(text, offset);
    if (!sequence.complete()) {
        offset += sequence.well_formed_bytes == 0 ? 1 : sequence.well_formed_bytes;
        return kReplacement;
    }
    constexpr unsigned char kLeadMask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    char32_t code_point = static_cast<unsigned char>(text[offset]) & kLeadMask[sequence.length];
    for (std::size_t i = 1; i < sequence.length; ++i)
        code_point = (code_point << 6) | (static_cast<unsigned char>(text[offset + i]) & 0x3F);
    offset += sequence.length;
    return code_point;
}

void append_utf8(std::string& text, char32_t code_point) {
    if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF)) code_point = kReplacement;
    const auto continuation = [&](int shift) { return static_cast<char>(0x80 | ((code_point >> shift) & 0x3F)); };
    if (code_point < 0x80) {
        text += static_cast<char>(code_point);
    } else if (code_point < 0x800) {
        text += {static_cast<char>(0xC0 | (code_point >> 6)), continuation(0)};
    } else if (code_point < 0x10000) {
        text += {static_cast<char>(0xE0 | (code_point >> 12)), continuation(6), continuation(0)};
    } else {
        text += {static_cast<char>(0xF0 | (code_point >> 18)), continuation(12), continuation(6), continuation(0)};
    }
}

}  // namespace qwen
