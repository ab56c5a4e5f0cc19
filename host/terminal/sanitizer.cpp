#include "host/terminal/sanitizer.hpp"

#include <fmt/format.h>

#include "core/base/utf8.hpp"

namespace qwen::host {
namespace {

bool is_c1(char32_t c) { return c >= 0x80 && c <= 0x9F; }

/// In caret notation; a C1 control is shown as the two-byte escape it stands for (ECMA-48 section 5.3).
void append_visible(char32_t c, std::string& out) {
    if (c < 0x20) {
        out += '^';
        out += static_cast<char>(c + 0x40);
    } else if (c == 0x7F) {
        out += "^?";
    } else if (is_c1(c)) {
        out += "^[";
        out += static_cast<char>(c - 0x40);
    } else {
        out += fmt::format("<U+{:04X}>", static_cast<std::uint32_t>(c));
    }
}

/// How ASCII writes what people and models write around it.
std::string_view ascii_form(char32_t c) {
    switch (c) {
        case 0x00A0: return " ";
        case 0x00B7: case 0x2022: return "*";
        case 0x00D7: return "x";
        case 0x2010: case 0x2011: case 0x2012: case 0x2013: return "-";
        case 0x2014: return "--";
        case 0x2018: case 0x2019: return "'";
        case 0x201C: case 0x201D: return "\"";
        case 0x2026: return "...";
        case 0x2190: return "<-";
        case 0x2192: return "->";
        case 0x2212: return "-";
        case 0x2264: return "<=";
        case 0x2265: return ">=";
        default: return "?";
    }
}

bool is_plain(char byte) {
    const auto value = static_cast<unsigned char>(byte);
    return (value >= 0x20 && value < 0x7F) || byte == '\n' || byte == '\t';
}

}  // namespace

bool is_terminal_control(char32_t c) {
    if (c == '\n' || c == '\t') return false;
    return c < 0x20 || c == 0x7F || is_c1(c) || c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069) || (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE007F);
}

void Sanitizer::feed(std::string_view chunk, std::string& out) {
    if (form_ == ControlForm::raw) {
        out.append(chunk);
        return;
    }
    if (held_.empty()) {
        const auto tail = incomplete_utf8_tail(chunk);
        convert(chunk.substr(0, chunk.size() - tail), out);
        held_ = chunk.substr(chunk.size() - tail);
        return;
    }
    held_.append(chunk);
    const auto tail = incomplete_utf8_tail(held_);
    convert(std::string_view(held_).substr(0, held_.size() - tail), out);
    held_.erase(0, held_.size() - tail);
}

void Sanitizer::finish(std::string& out) {
    if (held_.empty()) return;
    convert(held_, out);
    held_.clear();
}

void Sanitizer::convert(std::string_view text, std::string& out) const {
    out.reserve(out.size() + text.size());
    for (std::size_t offset = 0; offset < text.size();) {
        const auto run_start = offset;
        while (offset < text.size() && is_plain(text[offset])) ++offset;
        out.append(text.substr(run_start, offset - run_start));
        if (offset == text.size()) return;

        // A lone 0x80..0x9F is a C1 control to a terminal that is not in UTF-8 mode, so it must not survive; decode_utf8 gives U+FFFD for it.
        const char32_t c = decode_utf8(text, offset);
        if (is_terminal_control(c)) {
            if (form_ != ControlForm::removed) append_visible(c, out);
        } else if (form_ == ControlForm::ascii) {
            out += ascii_form(c);
        } else {
            append_utf8(out, c);
        }
    }
}

std::string in_ascii(std::string_view text) {
    std::string out;
    for (std::size_t offset = 0; offset < text.size();) {
        const char32_t c = decode_utf8(text, offset);
        if (c < 0x80) out += static_cast<char>(c);
        else out += ascii_form(c);
    }
    return out;
}

std::string sanitized(std::string_view text, ControlForm form) {
    Sanitizer sanitizer(form);
    std::string out;
    sanitizer.feed(text, out);
    sanitizer.finish(out);
    return out;
}

std::string sanitized_line(std::string_view text, std::size_t max_characters) {
    std::string line = sanitized(text, ControlForm::visible);
    for (char& c : line)
        if (c == '\n' || c == '\t') c = ' ';
    std::size_t characters = 0;
    for (std::size_t offset = 0; offset < line.size(); ++characters) {
        const auto start = offset;
        static_cast<void>(decode_utf8(line, offset));
        if (characters + 1 == max_characters && offset < line.size()) {
            line.resize(start);
            line += "…";
            break;
        }
    }
    return line;
}

}  // namespace qwen::host
